using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Ingestion;

/// <summary>Whether a column holds what a grader needs.</summary>
internal static class ColumnChecks
{
    /// <summary>What should be there instead of <paramref name="value"/>; null where it will do.</summary>
    public static string? Fault(ColumnKind kind, JsonElement value) => kind switch
    {
        ColumnKind.Labels when !IsArrayOf(value, IsLabel) => "an array of texts or numbers",
        ColumnKind.Fields when value.ValueKind != JsonValueKind.Object => "an object",
        ColumnKind.Ranking when !IsRanking(value) => "a text, an array of texts, or an object of numbers by text",
        _ => null,
    };

    private static bool IsRanking(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => true,
        JsonValueKind.Array => IsArrayOf(value, item => item.ValueKind == JsonValueKind.String),
        JsonValueKind.Object => value.EnumerateObject().All(gain => gain.Value.ValueKind == JsonValueKind.Number),
        _ => false,
    };

    private static bool IsLabel(JsonElement value) =>
        value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False;

    private static bool IsArrayOf(JsonElement value, Func<JsonElement, bool> isItem) =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(isItem);
}
