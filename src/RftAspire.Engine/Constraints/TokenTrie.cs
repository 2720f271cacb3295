using System.Runtime.CompilerServices;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Constraints;

/// <summary>
/// The trie of all tokens' bytes, flat and in depth-first order, so that a walk reads memory in one direction and leaves out a
/// subtree by one jump. Added tokens are not in it: they are control tokens, not text.
/// </summary>
internal sealed class TokenTrie
{
    private static readonly ConditionalWeakTable<BpeTokenizer, TokenTrie> Known = [];

    private readonly BpeTokenizer tokenizer;
    private readonly bool[] isText;
    private readonly List<Node> nodes = [];
    private readonly int[] tokens;

    private TokenTrie(BpeTokenizer tokenizer)
    {
        this.tokenizer = tokenizer;
        isText = new bool[tokenizer.VocabSize];
        for (var id = 0; id < isText.Length; id++) isText[id] = tokenizer.BytesOf(id, first: false).Length > 0;
        foreach (var added in tokenizer.AddedTokens) isText[added.Id] = false;
        tokens = [.. Enumerable.Range(0, isText.Length).Where(id => isText[id])];
        Array.Sort(tokens, (a, b) => tokenizer.BytesOf(a, first: false).SequenceCompareTo(tokenizer.BytesOf(b, first: false)) is not 0 and var order ? order : a.CompareTo(b));
        Build();
        var single = tokens.Where(token => tokenizer.BytesOf(token, first: false).Length == 1).Select(token => tokenizer.BytesOf(token, first: false)[0]).ToHashSet();
        if (Enumerable.Range(0, 256).FirstOrDefault(value => !single.Contains((byte)value), -1) is >= 0 and var missing)
            throw new ArgumentException($"the tokenizer has no token for the single byte 0x{missing:x2}, so that a constrained text could get stuck", nameof(tokenizer));
    }

    /// <summary>A prefix of tokens: its last byte, the tokens that are the whole of it, and the node behind its subtree.</summary>
    public readonly record struct Node(byte Byte, int Depth, int FirstToken, int LastToken, int End);

    /// <summary>The most bytes that a token has.</summary>
    public int LongestToken { get; private set; }

    /// <summary>The most brackets and braces that a token opens.</summary>
    public int MostOpenings { get; private set; }

    /// <summary>The trie of a tokenizer, built once.</summary>
    public static TokenTrie Of(BpeTokenizer tokenizer) => Known.GetValue(tokenizer, key => new TokenTrie(key));

    /// <summary>The bytes of a text token; none for any other.</summary>
    public ReadOnlySpan<byte> Bytes(int token) => (uint)token < (uint)isText.Length && isText[token] ? tokenizer.BytesOf(token, first: false) : [];

    /// <summary>
    /// Sets the bits of the tokens below a node (below the root where it is -1) that the automaton accepts from <paramref name="state"/>,
    /// and adds to <paramref name="exits"/> the nodes at which the text may have ended though tokens go on.
    /// </summary>
    /// <param name="path">Room for a state of each depth, <see cref="LongestToken"/> + 1.</param>
    public void Walk(StackAutomaton automaton, ConstraintState state, int below, ConstraintState[] path, uint[] mask, List<int>? exits = null)
    {
        var (i, end) = below < 0 ? (0, nodes.Count) : (below + 1, nodes[below].End);
        path[below < 0 ? 0 : nodes[below].Depth] = state;
        while (i < end)
        {
            var node = nodes[i];
            var next = automaton.Step(path[node.Depth - 1], node.Byte);
            if (next.IsDead)
            {
                i = node.End;
                continue;
            }
            for (var t = node.FirstToken; t < node.LastToken; t++) mask[tokens[t] >> 5] |= 1u << tokens[t];
            if (exits is not null && next.HoldsEmpty && node.End > i + 1) exits.Add(i);
            path[node.Depth] = next;
            i++;
        }
    }

    private void Build()
    {
        // Open nodes of the current token, by depth; each is closed when the next token in order no longer begins with it.
        var open = new Stack<int>();
        var previous = ReadOnlySpan<byte>.Empty;
        for (var t = 0; t < tokens.Length; t++)
        {
            var bytes = tokenizer.BytesOf(tokens[t], first: false);
            var common = previous.CommonPrefixLength(bytes);
            while (open.Count > common) Close(open.Pop());
            for (var depth = common; depth < bytes.Length; depth++)
            {
                open.Push(nodes.Count);
                nodes.Add(new Node(bytes[depth], depth + 1, t, t, 0));
            }
            nodes[open.Peek()] = nodes[open.Peek()] with { LastToken = t + 1 };
            LongestToken = Math.Max(LongestToken, bytes.Length);
            MostOpenings = Math.Max(MostOpenings, bytes.Count((byte)'[') + bytes.Count((byte)'{'));
            previous = bytes;
        }
        while (open.TryPop(out var node)) Close(node);
    }

    private void Close(int node) => nodes[node] = nodes[node] with { End = nodes.Count };
}
