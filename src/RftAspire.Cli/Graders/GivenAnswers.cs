using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Grading.Workbench;

namespace RftAspire.Cli.Graders;

/// <summary>Answers that a caller has in a file: JSON Lines of <c>{"line":3,"output_text":"..."}</c>, or without lines, one a row in order.</summary>
public static class GivenAnswers
{
    public static IReadOnlyList<AnsweredRow> Read(CommandContext context, string file, IReadOnlyList<PromptRow> rows, RatingColumn? ratings)
    {
        var path = context.Surroundings.ExistingFile("--answers", file);
        var answers = File.ReadLines(path).Index().Where(line => !string.IsNullOrWhiteSpace(line.Item)).Select(line => Parse(line.Item, $"--answers {file} line {line.Index + 1}")).ToList();
        var ordered = answers.Count(answer => answer.Line is null);
        if (ordered > 0 && (ordered < answers.Count || ordered != rows.Count))
            throw new UsageException($"--answers {file}: {ordered} of {answers.Count} answers name no line of the {rows.Count} rows; give each a \"line\", or one answer for every row in order");
        var byLine = answers.Select((answer, i) => answer with { Line = answer.Line ?? rows[i].Line }).ToLookup(answer => answer.Line);
        if (answers.FirstOrDefault(answer => answer.Line is { } line && rows.All(row => row.Line != line)) is { } stray)
            throw new UsageException($"{stray.Place}: the dataset has no row on line {stray.Line}");
        return [.. rows.Select(row => new AnsweredRow(row, [.. byLine[row.Line].Select(answer => new RatedAnswer(answer.Text, Rating(answer, row, ratings)))]))];
    }

    // The rating of an answer stands beside it, or in the row.
    private static double? Rating(GivenAnswer answer, PromptRow row, RatingColumn? ratings) =>
        ratings?.Of(answer.Json, answer.Place) ?? ratings?.Of(row.Item, $"--data line {row.Line}");

    private static GivenAnswer Parse(string line, string place)
    {
        try
        {
            var json = JsonElement.Parse(line);
            if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("output_text", out var text) && text.ValueKind == JsonValueKind.String)
                return new GivenAnswer(json, json.TryGetProperty("line", out var at) ? at.GetInt32() : null, text.GetString()!, place);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new UsageException($"{place}: {e.Message}");
        }
        throw new UsageException($"{place}: no object with output_text as text; write {{\"line\":1,\"output_text\":\"...\"}}");
    }

    private sealed record GivenAnswer(JsonElement Json, int? Line, string Text, string Place);
}
