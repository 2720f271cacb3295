using System.Text.Json;

namespace RftAspire.Engine.Constraints;

/// <summary>The values of 'enum' and 'const', each as the schema writes it.</summary>
internal static class LiteralGrammar
{
    /// <summary>Adds those of the values that have one of the types, all of them where <paramref name="types"/> is null.</summary>
    public static void Add(Grammar grammar, GrammarNode start, IEnumerable<SchemaElement> values, HashSet<string>? types)
    {
        var trie = grammar.Literals(start);
        foreach (var (value, path) in values)
        {
            grammar.Path = path;
            if (types is not null && !TypesOf(value).Any(types.Contains)) continue;
            var symbols = new List<int>();
            Spell(value, symbols);
            trie.Add(symbols, grammar.End);
        }
    }

    private static string[] TypesOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => ["object"],
        JsonValueKind.Array => ["array"],
        JsonValueKind.String => ["string"],
        JsonValueKind.Number => IsInteger(value) ? ["number", "integer"] : ["number"],
        JsonValueKind.Null => ["null"],
        _ => ["boolean"],
    };

    private static bool IsInteger(JsonElement value) => value.TryGetDouble(out var number) && number == Math.Floor(number);

    private static void Spell(JsonElement value, List<int> symbols)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                SpellAll(value.EnumerateObject().ToList(), '{', '}', member =>
                {
                    Grammar.Spell(member.Name, symbols);
                    symbols.AddRange([':', Grammar.OptionalSpace]);
                    Spell(member.Value, symbols);
                }, symbols);
                break;
            case JsonValueKind.Array:
                SpellAll(value.EnumerateArray().ToList(), '[', ']', item => Spell(item, symbols), symbols);
                break;
            case JsonValueKind.String:
                Grammar.Spell(value.GetString()!, symbols);
                break;
            default:
                symbols.AddRange(value.GetRawText().Select(c => (int)c));
                break;
        }
    }

    private static void SpellAll<T>(List<T> parts, char open, char close, Action<T> spell, List<int> symbols)
    {
        symbols.Add(open);
        for (var i = 0; i < parts.Count; i++)
        {
            if (i > 0) symbols.AddRange([',', Grammar.OptionalSpace]);
            spell(parts[i]);
        }
        symbols.Add(close);
    }
}
