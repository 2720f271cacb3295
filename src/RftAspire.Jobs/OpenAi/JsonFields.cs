using System.Text.Json;

namespace RftAspire.Jobs.OpenAi;

/// <summary>The fields of a JSON object of a request. A field of the wrong type is named; fields that nobody reads are let be.</summary>
internal sealed class JsonFields(JsonElement value, string path)
{
    public JsonElement Value => value;

    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>A field's value; null where it is absent or null.</summary>
    public JsonElement? Find(string name) =>
        value.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null ? found : null;

    public string Text(string name) => OptionalText(name) ?? throw Missing(name);

    public string? OptionalText(string name)
    {
        if (Find(name) is not { } found) return null;
        return found.ValueKind == JsonValueKind.String ? found.GetString() : throw Wrong(name, found, "text");
    }

    public double? Number(string name)
    {
        if (Find(name) is not { } found) return null;
        if (found.ValueKind != JsonValueKind.Number) throw Wrong(name, found, "a number");
        return found.GetDouble() is var number && double.IsFinite(number) ? number : throw Invalid(name, $"{found.GetRawText()} is out of range");
    }

    public long? Whole(string name)
    {
        if (Find(name) is not { } found) return null;
        if (found.ValueKind != JsonValueKind.Number) throw Wrong(name, found, "a whole number");
        return found.TryGetInt64(out var number) ? number : throw Invalid(name, $"{Shown(found)} is no whole number");
    }

    public bool? Flag(string name)
    {
        if (Find(name) is not { } found) return null;
        return found.ValueKind is JsonValueKind.True or JsonValueKind.False ? found.GetBoolean() : throw Wrong(name, found, "true or false");
    }

    public JsonFields Fields(string name) => OptionalFields(name) ?? throw Missing(name);

    public JsonFields? OptionalFields(string name)
    {
        if (Find(name) is not { } found) return null;
        return found.ValueKind == JsonValueKind.Object ? new JsonFields(found, PathOf(name)) : throw Wrong(name, found, "an object");
    }

    public IReadOnlyList<JsonElement> Items(string name)
    {
        if (Find(name) is not { } found) return [];
        return found.ValueKind == JsonValueKind.Array ? [.. found.EnumerateArray()] : throw Wrong(name, found, "an array");
    }

    public OpenAiException Missing(string name) => OpenAiException.Invalid(PathOf(name), "is missing", "missing_required_parameter");

    public OpenAiException Invalid(string name, string fault) => OpenAiException.Invalid(PathOf(name), fault);

    public OpenAiException Wrong(string name, JsonElement found, string wanted) =>
        OpenAiException.Invalid(PathOf(name), $"is {Name(found.ValueKind)}; it must be {wanted}", "invalid_type");

    /// <summary>A value as it may stand in a message.</summary>
    public static string Shown(JsonElement found) => found.GetRawText() is { Length: > 80 } text ? text[..79] + "…" : found.GetRawText();

    public static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };
}
