using System.Text.Json;

namespace RftAspire.Grading;

/// <summary>Look-ups in rows and answers.</summary>
internal static class Json
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    /// <summary>The value at a path of property names, null where there is none or it is null.</summary>
    public static JsonElement? Find(JsonElement value, IEnumerable<string> path)
    {
        foreach (var name in path)
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value)) return null;
        }
        return value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined ? null : value;
    }

    /// <summary>The texts of an array of texts, null for anything else.</summary>
    public static string[]? Texts(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Array } array && array.EnumerateArray().All(text => text.ValueKind == JsonValueKind.String)
            ? [.. array.EnumerateArray().Select(text => text.GetString()!)]
            : null;

    /// <summary>Reads something of an answer that is strict JSON as a whole; null for any other answer.</summary>
    public static T? Answer<T>(string text, Func<JsonElement, T?> read) where T : class
    {
        try
        {
            using var document = JsonDocument.Parse(text, s_strict);
            return read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            // Half a surrogate pair: InvalidOperationException within an escape, ArgumentException as a char.
            return null;
        }
    }

    /// <summary>Writes a value under a path of property names.</summary>
    public static string Nest(IEnumerable<string> path, object value)
    {
        foreach (var name in path.Reverse()) value = new Dictionary<string, object> { [name] = value };
        return JsonSerializer.Serialize(value);
    }
}
