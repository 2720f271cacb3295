namespace RftAspire.Engine.Sampling;

/// <summary>
/// Full blocks of prompts by their tokens and all tokens before them, so that prompts that begin alike (the same instruction)
/// compute and keep the common blocks once. Blocks that no prompt in flight uses stay until their memory is needed, the longest
/// unused first.
/// </summary>
internal sealed class PrefixTree(KeyValueBlocks blocks)
{
    private readonly Dictionary<Key, Node> _nodes = [];
    private long _clock;

    /// <summary>A block and the path to it.</summary>
    public sealed record Node(Node? Parent, int[] Tokens, int Block)
    {
        public int Users { get; set; }
        public int Children { get; set; }
        public long LastUse { get; set; }

        // By reference: two nodes are never the same block.
        public bool Equals(Node? other) => ReferenceEquals(this, other);
        public override int GetHashCode() => Block;
    }

    /// <summary>Blocks that could be given back at once.</summary>
    public int Unused { get; private set; }

    /// <summary>How many of the prompt's first blocks are there, and how many of those nobody uses now.</summary>
    public (int Found, int Unused) Find(int[] prompt)
    {
        var (node, found, unused) = (default(Node), 0, 0);
        while (Child(node, prompt, found) is { } next)
        {
            (node, found) = (next, found + 1);
            if (next.Users == 0) unused++;
        }
        return (found, unused);
    }

    /// <summary>The path of the prompt's full blocks, made where it is missing; give it back with <see cref="Release"/>.</summary>
    public Node[] Acquire(int[] prompt, Func<int> takeBlock)
    {
        var path = new Node[prompt.Length / KeyValueBlocks.Positions];
        for (var i = 0; i < path.Length; i++)
        {
            var parent = i == 0 ? null : path[i - 1];
            var node = Child(parent, prompt, i);
            if (node is { Users: 0 }) Unused--;
            node ??= Add(parent, prompt.AsSpan(i * KeyValueBlocks.Positions, KeyValueBlocks.Positions).ToArray(), takeBlock());
            node.Users++;
            path[i] = node;
        }
        return path;
    }

    public void Release(Node[] path)
    {
        _clock++;
        foreach (var node in path)
        {
            node.LastUse = _clock;
            if (--node.Users == 0) Unused++;
        }
    }

    /// <summary>Gives the longest unused block back to the pool; a block goes after those that continue it.</summary>
    public void Evict()
    {
        var oldest = _nodes.Values.Where(node => node is { Users: 0, Children: 0 }).MinBy(node => (node.LastUse, node.Block))
            ?? throw new InvalidOperationException("every block is in use");
        _nodes.Remove(new Key(oldest.Parent, oldest.Tokens));
        if (oldest.Parent is { } parent) parent.Children--;
        blocks.Return(oldest.Block);
        Unused--;
    }

    private Node Add(Node? parent, int[] tokens, int block)
    {
        if (parent is not null) parent.Children++;
        return _nodes[new Key(parent, tokens)] = new Node(parent, tokens, block);
    }

    private Node? Child(Node? parent, int[] prompt, int index)
    {
        var start = index * KeyValueBlocks.Positions;
        if (start + KeyValueBlocks.Positions > prompt.Length) return null;
        return _nodes.GetValueOrDefault(new Key(parent, prompt[start..(start + KeyValueBlocks.Positions)]));
    }

    private readonly record struct Key(Node? Parent, int[] Tokens)
    {
        public bool Equals(Key other) => ReferenceEquals(Parent, other.Parent) && Tokens.AsSpan().SequenceEqual(other.Tokens);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Parent?.Block ?? -1);
            foreach (var token in Tokens) hash.Add(token);
            return hash.ToHashCode();
        }
    }
}
