using System.Text.Json;

namespace RftAspire.Grading;

/// <summary>Reading and writing of JSON in rows and answers.</summary>
internal static class Json
{
    /// <summary>The texts of an array of texts, null for anything else.</summary>
    public static string[]? Texts(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Array } array && array.EnumerateArray().All(text => text.ValueKind == JsonValueKind.String)
            ? [.. array.EnumerateArray().Select(text => text.GetString()!)]
            : null;

    /// <summary>Writes a value under a path of property names.</summary>
    public static string Nest(IEnumerable<string> path, object value)
    {
        foreach (var name in path.Reverse()) value = new Dictionary<string, object> { [name] = value };
        return JsonSerializer.Serialize(value);
    }

    /// <summary>The values by how often they occur, the commonest first.</summary>
    public static IEnumerable<string> CommonestFirst(IEnumerable<string> values) => values.CountBy(value => value)
        .OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).Select(count => count.Key);
}
