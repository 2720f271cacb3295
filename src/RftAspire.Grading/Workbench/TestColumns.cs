using System.Globalization;
using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Workbench;

/// <summary>Takes answers from dataset rows: a column, or text with columns, such as <c>{"labels":{{item.labels}}}</c>.</summary>
public sealed class AnswerColumn
{
    private readonly Template _template;

    private AnswerColumn(Template template) => _template = template;

    /// <summary>Throws <see cref="InvalidDataException"/> where the text names no column.</summary>
    public static AnswerColumn Parse(string text)
    {
        try
        {
            var template = Template.Parse(text.Contains("{{", StringComparison.Ordinal) ? text : $"{{{{item.{text}}}}}", "template");
            if (!template.ItemPaths.Any() || template.Parts.Any(part => part.Source is not (TemplateSource.Item or TemplateSource.Literal)))
                throw new InvalidDataException($"answer column '{text}' names no column of the row; write a column, or text such as {{\"labels\":{{{{item.labels}}}}}}");
            return new AnswerColumn(template);
        }
        catch (GraderException error)
        {
            throw new InvalidDataException($"answer column '{text}': {error.Message}");
        }
    }

    /// <summary>The row's answer, a value that is no text as its JSON; throws <see cref="InvalidDataException"/> where the row has none.</summary>
    public string Of(PromptRow row) => _template.Fill(new GradeRequest(row.Item, new Sample("")))
        ?? throw new InvalidDataException($"line {row.Line} has no value for the answer column {_template.Text}; add it to the row, or name another column");
}

/// <summary>Takes ratings of answers from dataset rows.</summary>
public sealed class RatingColumn
{
    private readonly DataPath _path;

    private RatingColumn(DataPath path) => _path = path;

    /// <summary>Throws <see cref="InvalidDataException"/> where the text is no path.</summary>
    public static RatingColumn Parse(string text) => DataPath.Parse(text) is { Root: not null } path
        ? new RatingColumn(path)
        : throw new InvalidDataException($"reference column '{text}' is no dotted path; write for example rating");

    /// <summary>The rating at this place of a row or of an answer's JSON, null where there is none.</summary>
    /// <param name="value">The row.</param>
    /// <param name="place">Names it in the <see cref="InvalidDataException"/> of a value that is no rating.</param>
    public double? Of(JsonElement value, string place) => _path.Find(value) is not { } found ? null : found.ValueKind switch
    {
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        JsonValueKind.Number when double.IsFinite(found.GetDouble()) => found.GetDouble(),
        JsonValueKind.String when double.TryParse(found.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => number,
        _ => throw new InvalidDataException($"{place}: the rating at {_path} is {found.GetRawText()}; write a number, true or false"),
    };
}
