namespace RftAspire.Engine.Constraints;

/// <summary>JSON objects: the declared properties in the order of the schema, then others where the schema asks for them.</summary>
internal sealed class ObjectGrammar
{
    private readonly SchemaCompiler compiler;
    private readonly Grammar grammar;
    private readonly List<Property> properties = [];
    private GrammarNode? others;

    private ObjectGrammar(SchemaCompiler compiler) => (this.compiler, grammar) = (compiler, compiler.Grammar);

    private readonly record struct Property(string Name, GrammarNode Value, bool Required);

    public static GrammarNode Any(SchemaCompiler compiler) => new ObjectGrammar(compiler) { others = compiler.Shared("any") }.Build();

    /// <summary>An object whose schema names properties has no others, unless additionalProperties says so; one that names none may have any.</summary>
    public static GrammarNode Build(SchemaCompiler compiler, SchemaElement schema)
    {
        var built = new ObjectGrammar(compiler);
        var declared = schema.Find("properties")?.Members().ToList() ?? [];
        var required = Required(schema);
        if (schema.Find("additionalProperties") is { } additional) built.others = additional.Value.ValueKind == System.Text.Json.JsonValueKind.False ? null : compiler.Start(additional);
        else if (!schema.Has("properties")) built.others = compiler.Shared("any");
        foreach (var (name, property) in declared) built.properties.Add(new Property(name, compiler.Start(property), required.Remove(name)));
        foreach (var name in required)
            built.properties.Add(new Property(name, built.others ?? throw schema["required"].Error($"'{name}' is not among 'properties', and no others are allowed"), Required: true));
        return built.Build();
    }

    private static List<string> Required(SchemaElement schema) => [.. (schema.Find("required")?.Items() ?? []).Select(name => name.Text()).Distinct(StringComparer.Ordinal)];

    private GrammarNode Build()
    {
        var start = grammar.Node();
        var open = grammar.Node();
        start.On((byte)'{', open);
        // keys[i] awaits the key of property i or, where that may be left out, of a later one.
        var keys = Enumerable.Range(0, properties.Count + 1).Select(_ => grammar.Node()).ToArray();
        open.Epsilon.Add(keys[0]);
        var lastRequired = properties.FindLastIndex(property => property.Required);
        if (lastRequired < 0) open.On((byte)'}', grammar.End);
        for (var i = 0; i < properties.Count; i++)
        {
            var after = grammar.Node();
            AddPair(keys[i], properties[i], after);
            if (!properties[i].Required) keys[i].Epsilon.Add(keys[i + 1]);
            if (i >= lastRequired) after.On((byte)'}', grammar.End);
            after.On((byte)',', grammar.SpaceBefore(keys[i + 1]));
        }
        if (others is not null) AddOthers(keys[^1], others);
        return start;
    }

    private void AddPair(GrammarNode from, Property property, GrammarNode after)
    {
        var (value, symbols) = (grammar.Node(), new List<int>());
        value.Call(property.Value, after);
        Grammar.Spell(property.Name, symbols);
        grammar.Literals(from).Add([.. symbols, ':', Grammar.OptionalSpace], value);
    }

    private void AddOthers(GrammarNode key, GrammarNode value)
    {
        GrammarNode colon = grammar.Node(), pair = grammar.Node(), after = grammar.Node();
        AddOtherKey(key, colon);
        colon.On((byte)':', grammar.SpaceBefore(pair));
        pair.Call(value, after);
        after.On((byte)'}', grammar.End);
        after.On((byte)',', grammar.SpaceBefore(key));
    }

    private void AddOtherKey(GrammarNode key, GrammarNode colon)
    {
        if (properties.Count == 0) key.Call(compiler.Shared("string"), colon);
        else UndeclaredKeys.Add(grammar, properties.Select(property => property.Name), key, compiler.KeyRest, colon);
    }
}
