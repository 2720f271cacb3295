using System.Text.Json;
using RftAspire.Contracts;

namespace RftAspire.Ingestion;

/// <summary>A conversation to learn from: one line of a supervised dataset.</summary>
/// <param name="Line">1-based line of the file.</param>
/// <param name="Messages">The conversation; the last message is the assistant's.</param>
/// <param name="Learned">Places of the assistant's messages that are learned, one or more, ascending.</param>
public sealed record AnsweredRow(int Line, PromptMessage[] Messages, int[] Learned);

/// <summary>
/// Reads supervised datasets as strictly as prompts: JSON Lines whose <c>messages</c> end with the assistant's answer. A message of the
/// assistant with <c>"weight": 0</c> is context alone.
/// </summary>
public static class AnsweredRows
{
    /// <exception cref="InvalidDataException">A row is at fault; the message names line, field and remedy.</exception>
    public static IEnumerable<AnsweredRow> Read(Stream dataset)
    {
        foreach (var row in new RowReader(new DatasetCheckOptions(), lastRole: "assistant").Read(dataset))
        {
            if (!row.IsSound) throw At(row.Line, row.Faults.First(fault => fault.Rejects).Message);
            yield return new AnsweredRow(row.Line, row.Messages, Learned(row));
        }
    }

    private static int[] Learned(DatasetRow row)
    {
        var learned = row.Value.GetProperty("messages").EnumerateArray().Index()
            .Where(message => row.Messages[message.Index].Role == "assistant" && IsLearned(row.Line, message.Index, message.Item))
            .Select(message => message.Index)
            .ToArray();
        return learned.Length > 0 ? learned : throw At(row.Line, "every message of the assistant has weight 0, so nothing is learned; give one weight 1, or leave the row out");
    }

    private static bool IsLearned(int line, int index, JsonElement message)
    {
        if (!message.TryGetProperty("weight", out var weight)) return true;
        return weight.ValueKind == JsonValueKind.Number && weight.GetDouble() is 0 or 1
            ? weight.GetDouble() is 1
            : throw At(line, $"messages[{index}].weight is {Excerpt.Of(weight)}; write 0 or 1, or leave it out");
    }

    private static InvalidDataException At(int line, string message) => new($"line {line}: {message}");
}
