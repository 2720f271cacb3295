using System.Text.Json;
using System.Text.RegularExpressions;

namespace RftAspire.Contracts.Graders;

/// <summary>
/// What an answer's JSON must be: JSON Schema (draft 2020-12) with the keywords type, enum, const, properties, required,
/// additionalProperties, items, minItems, maxItems, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength,
/// pattern, anyOf and allOf. Annotations are passed over; any other keyword is refused, because it would not be checked.
/// </summary>
public sealed class AnswerSchema
{
    private static readonly string[] s_annotations = ["$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated"];
    private static readonly string[] s_types = ["null", "boolean", "object", "array", "number", "integer", "string"];

    private static readonly Dictionary<string, Func<Keyword, Predicate<JsonElement>>> s_keywords = new()
    {
        ["type"] = Type,
        ["enum"] = Enum,
        ["const"] = Const,
        ["properties"] = Properties,
        ["required"] = Required,
        ["additionalProperties"] = AdditionalProperties,
        ["items"] = Items,
        ["minItems"] = keyword => Length(keyword, (count, limit) => count >= limit),
        ["maxItems"] = keyword => Length(keyword, (count, limit) => count <= limit),
        ["minimum"] = keyword => Number(keyword, (number, limit) => number >= limit),
        ["maximum"] = keyword => Number(keyword, (number, limit) => number <= limit),
        ["exclusiveMinimum"] = keyword => Number(keyword, (number, limit) => number > limit),
        ["exclusiveMaximum"] = keyword => Number(keyword, (number, limit) => number < limit),
        ["minLength"] = keyword => Letters(keyword, (count, limit) => count >= limit),
        ["maxLength"] = keyword => Letters(keyword, (count, limit) => count <= limit),
        ["pattern"] = Pattern,
        ["anyOf"] = AnyOf,
        ["allOf"] = keyword => new AnswerSchema(keyword.List<Predicate<JsonElement>>((schema, path) => Read(schema, path).Allows)).Allows,
    };

    private readonly Predicate<JsonElement>[] _rules;

    private AnswerSchema(Predicate<JsonElement>[] rules) => _rules = rules;

    /// <summary>Whether the value is what the schema asks for.</summary>
    public bool Allows(JsonElement value)
    {
        foreach (var rule in _rules)
        {
            if (!rule(value)) return false;
        }
        return true;
    }

    /// <exception cref="GraderException">It is no schema, or has a keyword that would not be checked.</exception>
    public static AnswerSchema Read(JsonElement schema, string path)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False) return new AnswerSchema(schema.GetBoolean() ? [] : [_ => false]);
        if (schema.ValueKind != JsonValueKind.Object) throw new GraderException(path, $"{schema.GetRawText()} is no schema; write an object");
        return new AnswerSchema([.. schema.EnumerateObject().Where(field => !s_annotations.Contains(field.Name)).Select(field =>
            s_keywords.TryGetValue(field.Name, out var read)
                ? read(new Keyword(field.Value, schema, $"{path}.{field.Name}"))
                : throw new GraderException($"{path}.{field.Name}", $"is not checked here; use {string.Join(", ", s_keywords.Keys)}"))]);
    }

    private static Predicate<JsonElement> Type(Keyword keyword)
    {
        string[] types = keyword.Value.ValueKind == JsonValueKind.String ? [keyword.Value.GetString()!] : keyword.List((type, _) => type.ToString());
        if (types.FirstOrDefault(type => !s_types.Contains(type)) is { } unknown) throw keyword.Fault($"'{unknown}' is no type; use {string.Join(", ", s_types)}");
        return value => types.Contains(value.ValueKind switch
        {
            JsonValueKind.True or JsonValueKind.False => "boolean",
            var kind => kind.ToString().ToLowerInvariant(),
        }) || (value.ValueKind == JsonValueKind.Number && types.Contains("integer") && double.IsInteger(value.GetDouble()));
    }

    private static Predicate<JsonElement> Properties(Keyword keyword)
    {
        var properties = keyword.Fields().ToDictionary(field => field.Name, field => Read(field.Value, $"{keyword.Path}.{field.Name}"));
        return value => value.ValueKind != JsonValueKind.Object
            || value.EnumerateObject().All(field => !properties.TryGetValue(field.Name, out var schema) || schema.Allows(field.Value));
    }

    private static Predicate<JsonElement> AdditionalProperties(Keyword keyword)
    {
        var others = Read(keyword.Value, keyword.Path);
        HashSet<string> known = keyword.Schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object
            ? [.. properties.EnumerateObject().Select(field => field.Name)]
            : [];
        return value => value.ValueKind != JsonValueKind.Object || value.EnumerateObject().All(field => known.Contains(field.Name) || others.Allows(field.Value));
    }

    private static Predicate<JsonElement> Required(Keyword keyword)
    {
        var names = keyword.List((name, path) =>
            name.ValueKind == JsonValueKind.String ? name.GetString()! : throw new GraderException(path, $"{name.GetRawText()} is no name"));
        return value => value.ValueKind != JsonValueKind.Object || names.All(name => value.TryGetProperty(name, out _));
    }

    private static Predicate<JsonElement> Pattern(Keyword keyword)
    {
        if (keyword.Value.ValueKind != JsonValueKind.String) throw keyword.Fault("is no text");
        var pattern = LinearPattern.Compile(keyword.Value.GetString()!, RegexOptions.None, keyword.Path);
        return value => value.ValueKind != JsonValueKind.String || pattern.IsMatch(value.GetString()!);
    }

    private static Predicate<JsonElement> Enum(Keyword keyword)
    {
        var allowed = keyword.List((value, _) => value.Clone());
        return value => allowed.Any(one => JsonElement.DeepEquals(one, value));
    }

    private static Predicate<JsonElement> Const(Keyword keyword)
    {
        var only = keyword.Value.Clone();
        return value => JsonElement.DeepEquals(only, value);
    }

    private static Predicate<JsonElement> AnyOf(Keyword keyword)
    {
        var schemas = keyword.List(Read);
        return value => schemas.Any(schema => schema.Allows(value));
    }

    private static Predicate<JsonElement> Items(Keyword keyword)
    {
        var items = Read(keyword.Value, keyword.Path);
        return value => value.ValueKind != JsonValueKind.Array || value.EnumerateArray().All(items.Allows);
    }

    private static Predicate<JsonElement> Length(Keyword keyword, Func<int, int, bool> holds)
    {
        var limit = keyword.Count();
        return value => value.ValueKind != JsonValueKind.Array || holds(value.GetArrayLength(), limit);
    }

    private static Predicate<JsonElement> Letters(Keyword keyword, Func<int, int, bool> holds)
    {
        var limit = keyword.Count();
        return value => value.ValueKind != JsonValueKind.String || holds(value.GetString()!.EnumerateRunes().Count(), limit);
    }

    private static Predicate<JsonElement> Number(Keyword keyword, Func<double, double, bool> holds)
    {
        if (keyword.Value.ValueKind != JsonValueKind.Number) throw keyword.Fault($"{keyword.Value.GetRawText()} is no number");
        var limit = keyword.Value.GetDouble();
        return value => value.ValueKind != JsonValueKind.Number || holds(value.GetDouble(), limit);
    }

    // One keyword, and the schema that it stands in.
    private sealed record Keyword(JsonElement Value, JsonElement Schema, string Path)
    {
        public GraderException Fault(string fault) => new(Path, fault);

        public JsonElement.ObjectEnumerator Fields() => Value.ValueKind == JsonValueKind.Object ? Value.EnumerateObject() : throw Fault("is no object");

        public T[] List<T>(Func<JsonElement, string, T> read) => Value.ValueKind == JsonValueKind.Array && Value.GetArrayLength() > 0
            ? [.. Value.EnumerateArray().Select((value, i) => read(value, $"{Path}[{i}]"))]
            : throw Fault("is no array of at least one value");

        public int Count() => Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out var count) && count >= 0
            ? count
            : throw Fault($"{Value.GetRawText()} is no whole number of at least 0");
    }
}
