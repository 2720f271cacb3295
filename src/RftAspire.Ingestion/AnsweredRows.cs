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
        foreach (var row in new RowReader(new DatasetCheckOptions { Answered = true }).Read(dataset))
        {
            if (!row.IsSound) throw new InvalidDataException($"line {row.Line}: {row.Faults.First(fault => fault.Rejects).Message}");
            yield return new AnsweredRow(row.Line, row.Messages, row.Learned!);
        }
    }
}
