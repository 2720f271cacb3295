using System.Text.Json;
using RftAspire.Contracts;

namespace RftAspire.Grading.Workbench;

/// <summary>Dataset rows as the workbench gets them: JSON text, which Ingestion may not have seen.</summary>
public static class TestRows
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    /// <summary>The rows of an uploaded dataset, which has passed Ingestion's checks.</summary>
    public static IEnumerable<PromptRow> ReadFile(string path) => File.ReadLines(path).Index()
        .Where(line => !string.IsNullOrWhiteSpace(line.Item))
        .Select(line => Read(line.Item.TrimStart('\uFEFF'), line.Index + 1));

    /// <summary>One row; throws <see cref="InvalidDataException"/> where it is no object, or its messages have no text.</summary>
    public static PromptRow Read(string json, int line)
    {
        try
        {
            var row = JsonElement.Parse(json, s_strict);
            if (row.ValueKind != JsonValueKind.Object) throw new InvalidDataException($"line {line}: the row is no JSON object");
            var messages = row.TryGetProperty("messages", out var found) ? Messages(found, line) : [];
            return new PromptRow { Messages = messages, Item = row, Line = line };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            // Half a surrogate pair: InvalidOperationException within an escape, ArgumentException as a char.
            throw new InvalidDataException($"line {line}: the row is no sound JSON: {error.Message}");
        }
    }

    private static PromptMessage[] Messages(JsonElement messages, int line) =>
        messages.ValueKind == JsonValueKind.Array && messages.EnumerateArray().All(IsMessage)
            ? [.. messages.EnumerateArray().Select(message => new PromptMessage(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!))]
            : throw new InvalidDataException($"line {line}: messages is no array of objects with role and content as text");

    private static bool IsMessage(JsonElement message) => message.ValueKind == JsonValueKind.Object
        && message.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String
        && message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String;
}
