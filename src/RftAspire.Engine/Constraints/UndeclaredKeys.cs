namespace RftAspire.Engine.Constraints;

/// <summary>
/// Keys other than the declared ones. The automaton runs along the trie of declared keys beside the one of free keys, and leaves the
/// trie where a key differs from all of them. Keys have one spelling here, lest an escape disguise a declared one.
/// </summary>
internal sealed class UndeclaredKeys
{
    private readonly Dictionary<byte, UndeclaredKeys> children = [];
    private bool isKey;

    private UndeclaredKeys()
    {
    }

    /// <summary>Leads from <paramref name="from"/> over a key to <paramref name="next"/>; <paramref name="free"/> is the rest of any key.</summary>
    public static void Add(Grammar grammar, IEnumerable<string> declared, GrammarNode from, GrammarNode free, GrammarNode next)
    {
        var root = new UndeclaredKeys();
        foreach (var name in declared) root.Declare(name);
        var left = new Dictionary<GrammarNode, GrammarNode>();
        var open = new Stack<(UndeclaredKeys Trie, GrammarNode Node, GrammarNode Free)>();
        var start = grammar.Node();
        from.On((byte)'"', start);
        open.Push((root, start, free));
        while (open.TryPop(out var place))
            foreach (var edge in place.Free.Edges)
                for (int low = edge.Low, high; low <= edge.High; low = high + 1)
                {
                    for (high = low; high < edge.High && !place.Trie.Splits(high) && !place.Trie.Splits(high + 1);) high++;
                    if (place.Trie.children.TryGetValue((byte)low, out var child)) open.Push((child, Follow(place.Node, low), edge.Target));
                    else if (edge.Target != grammar.End) place.Node.On(low, high, Leave(edge.Target));
                    else if (!place.Trie.isKey) place.Node.On(low, high, next);
                }

        GrammarNode Follow(GrammarNode node, int value)
        {
            var child = grammar.Node();
            node.On((byte)value, child);
            return child;
        }

        GrammarNode Leave(GrammarNode rest)
        {
            if (left.TryGetValue(rest, out var node)) return node;
            left[rest] = node = grammar.Node();
            node.Call(rest, next);
            return node;
        }
    }

    private bool Splits(int value) => children.ContainsKey((byte)value);

    private void Declare(string name)
    {
        var symbols = new List<int>();
        Grammar.Spell(name, symbols);
        var node = this;
        foreach (var symbol in symbols[1..^1])
        {
            if (!node.children.TryGetValue((byte)symbol, out var child)) node.children[(byte)symbol] = child = new UndeclaredKeys();
            node = child;
        }
        node.isKey = true;
    }
}
