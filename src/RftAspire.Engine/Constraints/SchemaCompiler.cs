using System.Text.Json;

namespace RftAspire.Engine.Constraints;

/// <summary>
/// Turns a schema into a grammar. Every schema location has one node at which its values start, made when it is first named and
/// filled in later, so that recursion needs nothing special.
/// </summary>
internal sealed class SchemaCompiler
{
    private readonly Dictionary<string, GrammarNode> starts = new(StringComparer.Ordinal);
    private readonly Queue<(SchemaElement Schema, GrammarNode Start)> pending = [];
    private readonly Dictionary<string, GrammarNode> shared = new(StringComparer.Ordinal);
    private readonly SchemaElement root;
    private GrammarNode? keyRest;

    private SchemaCompiler(JsonElement schema) => root = new SchemaElement(schema, "#");

    public Grammar Grammar { get; } = new();

    /// <summary>The grammar of a schema and the node at which its documents start.</summary>
    public static (Grammar Grammar, GrammarNode Start) Compile(JsonElement schema)
    {
        var compiler = new SchemaCompiler(schema);
        var start = compiler.Start(compiler.root);
        while (compiler.pending.TryDequeue(out var next)) compiler.Build(next.Schema, next.Start);
        return (compiler.Grammar, start);
    }

    /// <summary>The grammar of all JSON objects.</summary>
    public static (Grammar Grammar, GrammarNode Start) AnyObject()
    {
        var compiler = new SchemaCompiler(default);
        return (compiler.Grammar, compiler.Shared("object"));
    }

    public GrammarNode Start(SchemaElement schema)
    {
        if (starts.TryGetValue(schema.Path, out var start)) return start;
        Grammar.Path = schema.Path;
        starts[schema.Path] = start = Grammar.Node();
        pending.Enqueue((schema, start));
        return start;
    }

    /// <summary>The values of a type without further constraint, or of "any" type; one grammar for all places that allow them.</summary>
    public GrammarNode Shared(string type)
    {
        if (shared.TryGetValue(type, out var known)) return known;
        var start = shared[type] = Grammar.Node();
        switch (type)
        {
            case "any":
                foreach (var each in Keywords.Types) start.Epsilon.Add(Shared(each));
                break;
            case "object":
                start.Epsilon.Add(ObjectGrammar.Any(this));
                break;
            case "array":
                start.Epsilon.Add(ArrayGrammar.Any(this));
                break;
            case "string":
                start.Epsilon.Add(StringGrammar.Free(Grammar, CountLimits.None));
                break;
            case "number" or "integer":
                start.Epsilon.Add(NumberGrammar.Free(Grammar, type == "integer"));
                break;
            case "boolean":
                var literals = Grammar.Literals(start);
                literals.Add("true", Grammar.End);
                literals.Add("false", Grammar.End);
                break;
            default:
                Grammar.Literals(start).Add("null", Grammar.End);
                break;
        }
        return start;
    }

    /// <summary>The rest of any key from behind its opening quote.</summary>
    public GrammarNode KeyRest => keyRest ??= StringGrammar.CanonicalRest(Grammar);

    private void Build(SchemaElement schema, GrammarNode start)
    {
        Grammar.Path = schema.Path;
        if (schema.Value.ValueKind == JsonValueKind.True) start.Epsilon.Add(Shared("any"));
        if (schema.Value.ValueKind is JsonValueKind.True or JsonValueKind.False) return;
        if (schema.Value.ValueKind != JsonValueKind.Object) throw schema.Error($"a schema must be an object, true or false, not {schema.Describe()}");
        switch (Keywords.Decisive(schema))
        {
            case "$ref":
                start.Epsilon.Add(Start(SchemaPointer.Resolve(root, schema["$ref"])));
                break;
            case "anyOf":
                foreach (var option in schema["anyOf"].Items()) start.Epsilon.Add(Start(option));
                break;
            case "allOf":
                start.Epsilon.Add(Start(schema["allOf"].Items().ToList() is [var only] ? only : throw schema["allOf"].Error("'allOf' is supported with one schema only; merge them into one")));
                break;
            case "const":
                LiteralGrammar.Add(Grammar, start, [schema["const"]], Keywords.NamedTypes(schema));
                break;
            case "enum":
                LiteralGrammar.Add(Grammar, start, schema["enum"].Items(), Keywords.NamedTypes(schema));
                break;
            default:
                foreach (var type in Keywords.AllowedTypes(schema)) start.Epsilon.Add(OfType(schema, type));
                break;
        }
    }

    private GrammarNode OfType(SchemaElement schema, string type) => type switch
    {
        "object" => ObjectGrammar.Build(this, schema),
        "array" => ArrayGrammar.Build(this, schema),
        "string" => OfString(schema),
        "number" or "integer" => OfNumber(schema, type == "integer"),
        _ => Shared(type),
    };

    private GrammarNode OfString(SchemaElement schema)
    {
        var limits = schema.Limits("minLength", "maxLength");
        if (schema.Has("pattern") && schema.Has("format")) throw schema["format"].Error("'format' beside 'pattern' asks for both, which is not supported; keep one");
        if (schema.Find("pattern") is { } pattern) return Matching(pattern, pattern.Text());
        if (schema.Find("format") is { } format)
            return Matching(format, Patterns.StringFormats.Pattern(format.Text()) ?? throw format.Error($"the format '{format.Text()}' is not supported; the formats are {string.Join(", ", Patterns.StringFormats.Names)}"));
        return limits == CountLimits.None ? Shared("string") : limits.IsEmpty ? Grammar.Node() : StringGrammar.Free(Grammar, limits);

        GrammarNode Matching(SchemaElement keyword, string expression)
        {
            Grammar.Path = keyword.Path;
            return StringGrammar.Matching(Grammar, expression, limits);
        }
    }

    private GrammarNode OfNumber(SchemaElement schema, bool integer)
    {
        var low = Bound(schema, "minimum", "exclusiveMinimum");
        var high = Bound(schema, "maximum", "exclusiveMaximum");
        return low is null && high is null ? Shared(integer ? "integer" : "number") : NumberGrammar.Within(Grammar, low, high, integer);
    }

    private static DecimalBound? Bound(SchemaElement schema, string inclusive, string exclusive)
    {
        if (schema.Has(inclusive) && schema.Has(exclusive)) throw schema[exclusive].Error($"'{exclusive}' beside '{inclusive}' is not supported; keep the tighter one");
        var name = schema.Has(exclusive) ? exclusive : inclusive;
        return schema.Find(name) is { } bound ? DecimalBound.Parse(bound.Number(), name == inclusive, bound.Path) : null;
    }
}
