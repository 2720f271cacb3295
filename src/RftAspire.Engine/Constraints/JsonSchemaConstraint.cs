using System.Text.Json;

namespace RftAspire.Engine.Constraints;

/// <summary>
/// A JSON schema as an automaton over bytes: it accepts JSON texts that are valid against the schema, in one order of keys and one style of
/// white space. Immutable; docs/engine.md says what part of JSON Schema it knows.
/// </summary>
public sealed class JsonSchemaConstraint
{
    /// <summary>How many values may lie within one another; recursion stops there. Within what System.Text.Json reads by default.</summary>
    public const int MaxDepth = 63;

    private const int MaxSchemaDepth = 128;
    private const int MaxSchemaLength = 4 << 20;

    private JsonSchemaConstraint(Grammar grammar, GrammarNode start)
    {
        GrammarHeights.Settle(grammar.Nodes);
        if (!start.IsProductive) throw new SchemaException("#", "no finite document is valid against the schema");
        if (start.Height > MaxDepth) throw new SchemaException("#", $"every document nests more than {MaxDepth} deep");
        Start = start;
        (ClassOfByte, Classes) = ByteClasses(grammar.Nodes);
        MaxHeight = grammar.Nodes.Where(node => node.IsProductive).Max(node => node.Height);
    }

    /// <summary>Any JSON object: OpenAI's json_object.</summary>
    public static JsonSchemaConstraint AnyObject { get; } = Create(SchemaCompiler.AnyObject());

    internal GrammarNode Start { get; }

    /// <summary>Bytes that no edge tells apart share a class.</summary>
    internal byte[] ClassOfByte { get; }

    internal int Classes { get; }

    /// <summary>The greatest height of a node.</summary>
    internal int MaxHeight { get; }

    /// <summary>Compiles the text of a schema.</summary>
    /// <exception cref="SchemaException">It is malformed, uses what is not supported, has no valid document, or is too large.</exception>
    public static JsonSchemaConstraint Parse(string schemaJson)
    {
        ArgumentNullException.ThrowIfNull(schemaJson);
        if (schemaJson.Length > MaxSchemaLength) throw new SchemaException("#", $"the schema has {schemaJson.Length} characters; at most {MaxSchemaLength} are read");
        using var document = Read(schemaJson);
        return Create(SchemaCompiler.Compile(document.RootElement));
    }

    private static JsonSchemaConstraint Create((Grammar Grammar, GrammarNode Start) compiled) => new(compiled.Grammar, compiled.Start);

    private static JsonDocument Read(string schemaJson)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(schemaJson, new JsonDocumentOptions { MaxDepth = MaxSchemaDepth, AllowDuplicateProperties = false });
            ReadAllText(document.RootElement);
            return document;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            // Half of a surrogate pair is an ArgumentException where it stands in the text and an InvalidOperationException where it is escaped.
            document?.Dispose();
            throw new SchemaException("#", e is JsonException ? $"not a JSON document: {e.Message}" : "a string holds half of a surrogate pair", e);
        }
    }

    /// <summary>Escapes are only checked when they are read.</summary>
    private static void ReadAllText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray()) ReadAllText(item);
                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject().Where(member => member.Name is not null)) ReadAllText(member.Value);
                break;
        }
    }

    private static (byte[] ClassOf, int Count) ByteClasses(IReadOnlyList<GrammarNode> nodes)
    {
        var begins = new bool[257];
        foreach (var node in nodes)
            foreach (var edge in node.Edges) (begins[edge.Low], begins[edge.High + 1]) = (true, true);
        var classOf = new byte[256];
        for (var value = 1; value < 256; value++) classOf[value] = (byte)(classOf[value - 1] + (begins[value] ? 1 : 0));
        return (classOf, classOf[255] + 1);
    }
}
