namespace RftAspire.Engine.Constraints;

/// <summary>The keywords of JSON Schema (draft 2020-12) that constraints know.</summary>
internal static class Keywords
{
    /// <summary>The types in the order in which a union of them lists its options.</summary>
    public static readonly string[] Types = ["object", "array", "string", "number", "integer", "boolean", "null"];

    /// <summary>Words about a schema that say nothing of the values.</summary>
    private static readonly HashSet<string> Annotations = new(StringComparer.Ordinal)
    {
        "title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated", "readOnly", "writeOnly", "$defs", "definitions",
    };

    private static readonly Dictionary<string, string> TypeOf = new(StringComparer.Ordinal)
    {
        ["properties"] = "object",
        ["required"] = "object",
        ["additionalProperties"] = "object",
        ["items"] = "array",
        ["prefixItems"] = "array",
        ["minItems"] = "array",
        ["maxItems"] = "array",
        ["minLength"] = "string",
        ["maxLength"] = "string",
        ["pattern"] = "string",
        ["format"] = "string",
        ["minimum"] = "number",
        ["maximum"] = "number",
        ["exclusiveMinimum"] = "number",
        ["exclusiveMaximum"] = "number",
    };

    /// <summary>Keywords that say all there is to say; none of the others may stand beside them, as that would mean both.</summary>
    private static readonly string[] Whole = ["$ref", "anyOf", "allOf", "const", "enum"];

    /// <summary>The keyword that decides the schema alone, or null where types do. Refuses what is unknown and what is combined.</summary>
    public static string? Decisive(SchemaElement schema)
    {
        var names = schema.Members().Select(member => member.Name).Where(name => !Annotations.Contains(name)).ToList();
        if (names.Find(name => name != "type" && !TypeOf.ContainsKey(name) && !Whole.Contains(name)) is { } unknown)
            throw schema[unknown].Error($"the keyword '{unknown}' is not supported");
        if (names.Find(name => Whole.Contains(name)) is not { } decisive) return null;
        var beside = names.Find(name => name != decisive && !(name == "type" && decisive is "const" or "enum"));
        return beside is null ? decisive : throw schema[beside].Error($"'{beside}' beside '{decisive}' asks for both, which is not supported; merge them into one schema");
    }

    /// <summary>
    /// The types that the schema allows: those it names; without a name those that its keywords are about; without any, all.
    /// </summary>
    public static HashSet<string> AllowedTypes(SchemaElement schema)
    {
        var about = schema.Members().Where(member => TypeOf.ContainsKey(member.Name)).ToList();
        var types = NamedTypes(schema);
        if (types is null) return about.Count > 0 ? [.. about.Select(member => TypeOf[member.Name])] : [.. Types];
        foreach (var (name, element) in about)
            if (!types.Contains(TypeOf[name]) && !(TypeOf[name] == "number" && types.Contains("integer")))
                throw element.Error($"'{name}' is about the type {TypeOf[name]}, which 'type' does not allow");
        return types;
    }

    /// <summary>What 'type' says, or null where it is absent.</summary>
    public static HashSet<string>? NamedTypes(SchemaElement schema)
    {
        if (schema.Find("type") is not { } type) return null;
        var elements = type.Value.ValueKind == System.Text.Json.JsonValueKind.Array ? type.Items() : [type];
        var types = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in elements)
            if (element.Text() is var name && Types.Contains(name)) types.Add(name);
            else throw element.Error($"'{name}' is not a type; the types are {string.Join(", ", Types)}");
        return types.Count > 0 ? types : throw type.Error("must name at least one type");
    }
}
