using RftAspire.Engine.Constraints.Patterns;

namespace RftAspire.Engine.Constraints;

/// <summary>
/// JSON strings. A free string may use every escape; one with a pattern or a format is spelt in one way, with escapes only where JSON
/// demands them, so that its automaton reads characters and not their spellings.
/// </summary>
internal static class StringGrammar
{
    /// <summary>A string of any characters, as many code points as <paramref name="limits"/> allow.</summary>
    public static GrammarNode Free(Grammar grammar, CountLimits limits)
    {
        GrammarNode start = grammar.Node(), body = grammar.Node(limits), escape = grammar.Node(limits), unit = grammar.Node(limits);
        start.On((byte)'"', body);
        body.On((byte)'"', grammar.End, Counting.Done);
        AddPlain(grammar, body, body, limits);
        body.On((byte)'\\', escape, Counting.Item);
        foreach (var symbol in "\"\\/bfnrt"u8) escape.On(symbol, body);
        escape.On((byte)'u', unit);
        AddUnit(grammar, unit, body, limits);
        return start;
    }

    /// <summary>The rest of a string of any characters in their one spelling, from behind its opening quote.</summary>
    public static GrammarNode CanonicalRest(Grammar grammar)
    {
        var body = grammar.Node();
        body.On((byte)'"', grammar.End);
        AddPlain(grammar, body, body, CountLimits.None);
        AddEscapes(grammar, body, [new PatternDfa.Move(0, CodePointSet.Last, 0)], [body]);
        return body;
    }

    /// <summary>A string that matches the pattern with a length within <paramref name="limits"/>.</summary>
    public static GrammarNode Matching(Grammar grammar, string pattern, CountLimits limits)
    {
        var dfa = PatternDfa.Build(pattern, grammar.Path);
        var bounded = limits.Max != CountLimits.Unbounded;
        var emitter = new Dictionary<(int State, int Count), GrammarNode>();
        var open = new Queue<(int State, int Count)>();
        var start = grammar.Node();
        start.On((byte)'"', Find((0, 0)));
        while (open.TryDequeue(out var place))
        {
            var (node, (accepts, moves)) = (emitter[place], dfa[place.State]);
            if (accepts && place.Count >= limits.Min) node.On((byte)'"', grammar.End);
            if (place.Count == limits.Max) continue;
            var count = bounded ? place.Count + 1 : Math.Min(place.Count + 1, limits.Min);
            GrammarNode[] targets = [.. moves.Select(move => Find((move.Target, count)))];
            for (var i = 0; i < targets.Length; i++) Utf8Ranges.Add(grammar, node, moves[i].Low, moves[i].High, targets[i]);
            AddEscapes(grammar, node, moves, targets);
        }
        return start;

        GrammarNode Find((int State, int Count) place)
        {
            if (emitter.TryGetValue(place, out var node)) return node;
            open.Enqueue(place);
            return emitter[place] = grammar.Node();
        }
    }

    /// <summary>The characters that a JSON string holds as they are.</summary>
    private static void AddPlain(Grammar grammar, GrammarNode from, GrammarNode to, CountLimits limits) =>
        Utf8Ranges.Add(grammar, from, 0, CodePointSet.Last, to, limits, Counting.Item);

    /// <summary>The two-character escapes of what the moves read. Other control characters are left out: a \u escape in every state would be all that they bring.</summary>
    private static void AddEscapes(Grammar grammar, GrammarNode from, List<PatternDfa.Move> moves, GrammarNode[] targets)
    {
        GrammarNode? slash = null;
        for (var i = 0; i < targets.Length; i++)
            foreach (var point in "\b\t\n\f\r\"\\")
                if (moves[i].Low <= point && point <= moves[i].High) (slash ??= grammar.Node()).On((byte)Grammar.Escape(point)![1], targets[i]);
        if (slash is not null) from.On((byte)'\\', slash);
    }

    /// <summary>The four digits behind \u: any but a surrogate, or a high one followed by the escape of a low one.</summary>
    private static void AddUnit(Grammar grammar, GrammarNode unit, GrammarNode body, CountLimits limits)
    {
        var (one, two, three) = (grammar.Node(limits), grammar.Node(limits), grammar.Node(limits));
        var (surrogate, high, higher) = (grammar.Node(limits), grammar.Node(limits), grammar.Node(limits));
        var (slash, letter, low, lower) = (grammar.Node(limits), grammar.Node(limits), grammar.Node(limits), grammar.Node(limits));
        AddHexadecimal(unit, three, "0123456789ABCEFabcef");
        AddHexadecimal(unit, surrogate, "Dd");
        AddHexadecimal(surrogate, two, "01234567");
        AddHexadecimal(surrogate, high, "89ABab");
        AddHexadecimal(three, two);
        AddHexadecimal(two, one);
        AddHexadecimal(one, body);
        AddHexadecimal(high, higher);
        AddHexadecimal(higher, slash);
        slash.On((byte)'\\', letter);
        letter.On((byte)'u', low);
        AddHexadecimal(low, lower, "Dd");
        AddHexadecimal(lower, two, "CDEFcdef");
    }

    private static void AddHexadecimal(GrammarNode from, GrammarNode to, string digits = "0123456789ABCDEFabcdef")
    {
        foreach (var digit in digits) from.On((byte)digit, to);
    }
}
