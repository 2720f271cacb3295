using RftAspire.Contracts;

namespace RftAspire.Ingestion;

/// <summary>Turns a dataset that <see cref="DatasetChecker"/> does not reject into prompts.</summary>
public static class DatasetPrompts
{
    public static IEnumerable<PromptRow> Read(Stream dataset, DatasetCheckOptions? options = null)
    {
        foreach (var row in new RowReader(options ?? new DatasetCheckOptions()).Read(dataset))
        {
            if (!row.IsSound) throw new InvalidDataException($"line {row.Line}: {row.Faults.First(fault => fault.Rejects).Message}");
            yield return new PromptRow { Messages = row.Messages, Item = row.Value.Clone(), Line = row.Line, Learned = row.Learned };
        }
    }
}
