using System.Text;

namespace RftAspire.Engine.Constraints;

/// <summary>The nodes of one schema while it is compiled, with the pieces that every part of JSON uses.</summary>
internal sealed class Grammar
{
    /// <summary>Bounds the memory of a compiled schema to some tens of megabytes.</summary>
    public const int MaxNodes = 200_000;

    /// <summary>Stands for the one optional space after ':' and ',' in a literal.</summary>
    public const int OptionalSpace = 256;

    private readonly List<GrammarNode> nodes = [];
    private readonly Dictionary<(GrammarNode Next, int Length), GrammarNode> continuations = [];

    public Grammar() => nodes.Add(End);

    /// <summary>Where every value ends; what follows is the caller's.</summary>
    public GrammarNode End { get; } = new(0, CountLimits.None) { Accepts = true };

    public IReadOnlyList<GrammarNode> Nodes => nodes;

    /// <summary>The schema location being compiled, for the message of a schema that is too large.</summary>
    public string Path { get; set; } = "#";

    public GrammarNode Node(CountLimits? limits = null)
    {
        if (nodes.Count >= MaxNodes) throw new SchemaException(Path, $"the schema needs more than {MaxNodes} automaton states; give it fewer or shorter enum values, patterns or bounds");
        var node = new GrammarNode(nodes.Count, limits ?? CountLimits.None);
        nodes.Add(node);
        return node;
    }

    /// <summary>The node before <paramref name="length"/> continuation bytes of UTF-8, any of them, that lead to <paramref name="next"/>.</summary>
    public GrammarNode Continuation(GrammarNode next, int length, CountLimits? limits)
    {
        if (length == 0) return next;
        if (continuations.TryGetValue((next, length), out var node)) return node;
        node = Node(limits);
        node.On(0x80, 0xBF, Continuation(next, length - 1, limits));
        return continuations[(next, length)] = node;
    }

    /// <summary>A node that goes on to <paramref name="next"/> with or without a space.</summary>
    public GrammarNode SpaceBefore(GrammarNode next)
    {
        var node = Node();
        node.On((byte)' ', next);
        node.Epsilon.Add(next);
        return node;
    }

    /// <summary>A set of literals below <paramref name="root"/> that shares common beginnings.</summary>
    public LiteralTrie Literals(GrammarNode root) => new(this, root);

    /// <summary>Adds the only spelling of a JSON string that literals, keys and patterns use: UTF-8, escapes only where JSON demands them.</summary>
    public static void Spell(string text, List<int> symbols)
    {
        symbols.Add('"');
        foreach (var value in Encoding.UTF8.GetBytes(text))
            if (Escape(value) is { } escape) symbols.AddRange(escape.Select(c => (int)c));
            else symbols.Add(value);
        symbols.Add('"');
    }

    /// <summary>The escape of a character that may not stand in a JSON string, or null.</summary>
    public static string? Escape(int codePoint) => codePoint switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        < 0x20 => $"\\u{codePoint:x4}",
        _ => null,
    };
}

/// <summary>Adds literals to a node, one path for each common beginning.</summary>
internal sealed class LiteralTrie(Grammar grammar, GrammarNode root)
{
    private readonly Dictionary<(GrammarNode From, int Symbol), GrammarNode> children = [];

    /// <summary>Adds a sequence of bytes and <see cref="Grammar.OptionalSpace"/> after which <paramref name="last"/> goes on.</summary>
    public void Add(IReadOnlyList<int> symbols, GrammarNode last)
    {
        var node = root;
        foreach (var symbol in symbols) node = Child(node, symbol);
        if (!node.Epsilon.Contains(last)) node.Epsilon.Add(last);
    }

    public void Add(string ascii, GrammarNode last) => Add([.. ascii.Select(c => (int)c)], last);

    private GrammarNode Child(GrammarNode node, int symbol)
    {
        if (children.TryGetValue((node, symbol), out var child)) return child;
        child = grammar.Node();
        if (symbol != Grammar.OptionalSpace)
            node.On((byte)symbol, child);
        else
        {
            node.On((byte)' ', child);
            node.Epsilon.Add(child);
        }
        return children[(node, symbol)] = child;
    }
}
