using System.Text.Json;

namespace RftAspire.Contracts;

/// <summary>
/// JSON that can be read to its end: no key twice, and no half of a surrogate pair, which a parser lets pass and whoever reads that text trips over.
/// </summary>
public static class SoundJson
{
    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false };

    /// <exception cref="JsonException">It is no such JSON; the message says where.</exception>
    public static JsonElement Parse(string json)
    {
        try
        {
            var value = JsonElement.Parse(json, s_options);
            return json.Contains("\\ud", StringComparison.OrdinalIgnoreCase) && BrokenText(value) is { } place
                ? throw new JsonException($"the text at {(place.Length == 0 ? "$" : place)} holds half a surrogate pair; write whole characters")
                : value;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            throw new JsonException("a key holds half a surrogate pair; write whole characters", error);
        }
    }

    /// <summary>The place of the first text that holds half a surrogate pair; null where all are whole.</summary>
    /// <exception cref="InvalidOperationException">A key holds one.</exception>
    public static string? BrokenText(JsonElement value, string place = "") => value.ValueKind switch
    {
        JsonValueKind.String => IsWhole(value) ? null : place,
        JsonValueKind.Array => value.EnumerateArray().Select((item, i) => BrokenText(item, $"{place}[{i}]")).FirstOrDefault(found => found is not null),
        JsonValueKind.Object => value.EnumerateObject().Select(field => BrokenText(field.Value, place.Length == 0 ? field.Name : $"{place}.{field.Name}")).FirstOrDefault(found => found is not null),
        _ => null,
    };

    private static bool IsWhole(JsonElement text)
    {
        try
        {
            return text.GetString() is not null;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
