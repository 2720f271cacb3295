namespace RftAspire.Engine.Sampling;

/// <summary>
/// Full blocks of prompts by their tokens and all tokens before them, so that prompts that begin alike (the same instruction)
/// compute and keep the common blocks once. Blocks that no prompt in flight uses stay until their memory is needed, the longest
/// unused first.
/// </summary>
internal sealed class PrefixTree(KeyValueBlocks blocks)
{
    private readonly Dictionary<Key, Node> _nodes = [];
    // The longest unused first, and a block after those that continue it: whoever uses them uses it too.
    private readonly LinkedList<Node> _unused = [];

    /// <summary>A block and the path to it.</summary>
    public sealed class Node
    {
        public Node(Node? parent, int[] tokens, int block)
        {
            (Parent, Tokens, Block) = (parent, tokens, block);
            Place = new LinkedListNode<Node>(this);
        }

        public Node? Parent { get; }
        public int[] Tokens { get; }
        public int Block { get; }
        public int Users { get; set; }
        /// <summary>In the list of unused ones while there are no users.</summary>
        public LinkedListNode<Node> Place { get; }
    }

    /// <summary>Blocks that could be given back at once.</summary>
    public int Unused => _unused.Count;

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
            if (node is { Users: 0 }) _unused.Remove(node.Place);
            node ??= Add(parent, prompt.AsSpan(i * KeyValueBlocks.Positions, KeyValueBlocks.Positions).ToArray(), takeBlock());
            node.Users++;
            path[i] = node;
        }
        return path;
    }

    public void Release(Node[] path)
    {
        for (var i = path.Length - 1; i >= 0; i--)
        {
            if (--path[i].Users == 0) _unused.AddLast(path[i].Place);
        }
    }

    /// <summary>Gives the longest unused block back to the pool; a block goes after those that continue it.</summary>
    public void Evict()
    {
        var oldest = _unused.First?.Value ?? throw new InvalidOperationException("every block is in use");
        _unused.RemoveFirst();
        _nodes.Remove(new Key(oldest.Parent, oldest.Tokens));
        blocks.Return(oldest.Block);
    }

    private Node Add(Node? parent, int[] tokens, int block) => _nodes[new Key(parent, tokens)] = new Node(parent, tokens, block);

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
