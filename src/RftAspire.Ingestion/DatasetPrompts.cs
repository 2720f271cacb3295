using System.Text.Json;
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
            yield return new PromptRow { Messages = row.Messages, Item = WithoutMessages(row.Value), Line = row.Line, Learned = row.Learned };
        }
    }

    private static JsonElement WithoutMessages(JsonElement row)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            foreach (var field in row.EnumerateObject())
            {
                if (!field.NameEquals("messages")) field.WriteTo(writer);
            }
            writer.WriteEndObject();
        }
        return JsonElement.Parse(bytes.ToArray());
    }
}
