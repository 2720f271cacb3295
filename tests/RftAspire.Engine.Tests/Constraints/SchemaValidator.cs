using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RftAspire.Engine.Tests.Constraints;

/// <summary>A plain reading of JSON Schema on parsed values, for comparison: it knows nothing of automata.</summary>
internal sealed class SchemaValidator(JsonElement root)
{
    public static bool IsValid(string schema, string document)
    {
        using var parsed = JsonDocument.Parse(schema);
        using var value = JsonDocument.Parse(document);
        return new SchemaValidator(parsed.RootElement).Check(parsed.RootElement, value.RootElement);
    }

    private bool Check(JsonElement schema, JsonElement value)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False) return schema.ValueKind == JsonValueKind.True;
        return schema.EnumerateObject().All(keyword => Check(keyword.Name, keyword.Value, schema, value));
    }

    private bool Check(string keyword, JsonElement argument, JsonElement schema, JsonElement value) => keyword switch
    {
        "$ref" => Check(Resolve(argument.GetString()!), value),
        "anyOf" => argument.EnumerateArray().Any(option => Check(option, value)),
        "allOf" => argument.EnumerateArray().All(part => Check(part, value)),
        "const" => JsonElement.DeepEquals(argument, value),
        "enum" => argument.EnumerateArray().Any(option => JsonElement.DeepEquals(option, value)),
        "type" => argument.ValueKind == JsonValueKind.Array ? argument.EnumerateArray().Any(type => IsOfType(type.GetString()!, value)) : IsOfType(argument.GetString()!, value),
        _ when value.ValueKind == JsonValueKind.Object => CheckObject(keyword, argument, schema, value),
        _ when value.ValueKind == JsonValueKind.Array => CheckArray(keyword, argument, schema, value),
        _ when value.ValueKind == JsonValueKind.String => CheckString(keyword, argument, value.GetString()!),
        _ when value.ValueKind == JsonValueKind.Number => CheckNumber(keyword, argument, value),
        _ => true,
    };

    private bool CheckObject(string keyword, JsonElement argument, JsonElement schema, JsonElement value) => keyword switch
    {
        "required" => argument.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
        "properties" => argument.EnumerateObject().All(property => value.EnumerateObject().Where(member => member.Name == property.Name).All(member => Check(property.Value, member.Value))),
        "additionalProperties" => value.EnumerateObject().Where(member => !IsDeclared(schema, member.Name)).All(member => Check(argument, member.Value)),
        _ => true,
    };

    private static bool IsDeclared(JsonElement schema, string name) => schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty(name, out _);

    private bool CheckArray(string keyword, JsonElement argument, JsonElement schema, JsonElement value) => keyword switch
    {
        "minItems" => value.GetArrayLength() >= argument.GetInt32(),
        "maxItems" => value.GetArrayLength() <= argument.GetInt32(),
        "prefixItems" => value.EnumerateArray().Zip(argument.EnumerateArray()).All(pair => Check(pair.Second, pair.First)),
        "items" => value.EnumerateArray().Skip(schema.TryGetProperty("prefixItems", out var prefix) ? prefix.GetArrayLength() : 0).All(item => Check(argument, item)),
        _ => true,
    };

    private static bool CheckString(string keyword, JsonElement argument, string text) => keyword switch
    {
        "minLength" => text.EnumerateRunes().Count() >= argument.GetInt32(),
        "maxLength" => text.EnumerateRunes().Count() <= argument.GetInt32(),
        "pattern" => Regex.IsMatch(text, argument.GetString()!, RegexOptions.CultureInvariant),
        "format" => IsOfFormat(argument.GetString()!, text),
        _ => true,
    };

    private static bool IsOfFormat(string format, string text) => format switch
    {
        "date-time" => DateTimeOffset.TryParse(text[..4] == "0000" ? "2000" + text[4..] : text, CultureInfo.InvariantCulture, out _) || IsFarOffset(text),
        "date" => DateOnly.TryParseExact(text[..4] == "0000" ? "2000" + text[4..] : text, "yyyy-MM-dd", out _),
        "time" => TimeOnly.TryParse(text[..8], CultureInfo.InvariantCulture, out _),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "email" => text.Split('@') is [{ Length: > 0 }, { Length: > 0 }],
        "ipv4" => IPAddress.TryParse(text, out _) && text.Split('.').Length == 4,
        "hostname" => Uri.CheckHostName(text) is UriHostNameType.Dns or UriHostNameType.IPv4,
        "duration" => text.StartsWith('P') && text.Length > 2 && !text.EndsWith('T'),
        _ => throw new ArgumentException($"format {format}"),
    };

    /// <summary>RFC 3339 allows offsets up to 23:59, and years at the ends of the calendar; .NET does not.</summary>
    private static bool IsFarOffset(string text) => DateTime.TryParse(text[..19], CultureInfo.InvariantCulture, out _) || text.StartsWith("0000", StringComparison.Ordinal);

    private static bool CheckNumber(string keyword, JsonElement argument, JsonElement value) => keyword switch
    {
        "minimum" => Compare(value, argument) >= 0,
        "maximum" => Compare(value, argument) <= 0,
        "exclusiveMinimum" => Compare(value, argument) > 0,
        "exclusiveMaximum" => Compare(value, argument) < 0,
        _ => true,
    };

    private static bool IsOfType(string type, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        JsonValueKind.Number => type == "number" || (type == "integer" && !value.GetRawText().Contains('.', StringComparison.Ordinal) && !value.GetRawText().Contains('e', StringComparison.OrdinalIgnoreCase)),
        _ => string.Equals(type, value.ValueKind.ToString(), StringComparison.OrdinalIgnoreCase),
    };

    private static int Compare(JsonElement a, JsonElement b) => Scaled(a.GetRawText()).CompareTo(Scaled(b.GetRawText()));

    private static BigInteger Scaled(string number)
    {
        var parts = number.Split('.');
        return BigInteger.Parse(parts[0] + (parts.Length > 1 ? parts[1] : "").PadRight(3000, '0'), CultureInfo.InvariantCulture);
    }

    private JsonElement Resolve(string pointer) => pointer.Split('/').Skip(1).Aggregate(root, (element, part) => element.GetProperty(part));
}
