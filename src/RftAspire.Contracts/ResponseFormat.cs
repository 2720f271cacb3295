using System.Text.Json;

namespace RftAspire.Contracts;

/// <summary>
/// What a text must be, in the words of chat completions: <c>{"type":"text"}</c>, <c>{"type":"json_object"}</c> or
/// <c>{"type":"json_schema","json_schema":{"name":…,"strict":true,"schema":{…}}}</c>, whose inner fields may also stand beside type.
/// </summary>
/// <param name="IsJson">False leaves the text free.</param>
/// <param name="SchemaJson">The schema; null allows any JSON object. Whether it can be sampled under shows when it is compiled.</param>
public sealed record ResponseFormat(bool IsJson, string? SchemaJson)
{
    /// <exception cref="FormatException">It is no response format; the message has the field and the fix.</exception>
    public static ResponseFormat Parse(string json)
    {
        var format = Read(json);
        var type = format.ValueKind == JsonValueKind.Object && format.TryGetProperty("type", out var named) && named.ValueKind == JsonValueKind.String ? named.GetString() : null;
        return type switch
        {
            "text" => new ResponseFormat(false, null),
            "json_object" => new ResponseFormat(true, null),
            "json_schema" => new ResponseFormat(true, Schema(format)),
            _ => throw new FormatException("type is missing or unknown; write {\"type\": \"json_schema\", \"json_schema\": {\"name\": …, \"schema\": {…}}}, {\"type\": \"json_object\"} or {\"type\": \"text\"}"),
        };
    }

    private static JsonElement Read(string json)
    {
        try
        {
            return SoundJson.Parse(json);
        }
        catch (JsonException fault)
        {
            throw new FormatException($"not JSON: {fault.Message}", fault);
        }
    }

    private static string Schema(JsonElement format)
    {
        var within = format.TryGetProperty("json_schema", out var nested) && nested.ValueKind == JsonValueKind.Object ? nested : format;
        return within.TryGetProperty("schema", out var schema) && schema.ValueKind is JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False
            ? schema.GetRawText()
            : throw new FormatException("json_schema.schema is missing or no schema; write an object");
    }
}
