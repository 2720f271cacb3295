namespace RftAspire.Engine.Constraints;

/// <summary>What an edge does to the counter of its frame: leaves it, counts one item up to the maximum, or ends the count at or above the minimum.</summary>
internal enum Counting : byte { Keep, Item, Done }

/// <summary>How often a node's counted edges may be taken; a maximum of <see cref="Unbounded"/> never stops.</summary>
internal sealed record CountLimits(int Min, int Max)
{
    public const int Unbounded = int.MaxValue;

    public static CountLimits None { get; } = new(0, Unbounded);

    public bool IsEmpty => Min > Max;

    /// <summary>The count after the edge, or -1 where it may not be taken. Without a maximum, counts above the minimum are one.</summary>
    public int After(int count, Counting how) => how switch
    {
        Counting.Keep => count,
        Counting.Done => count >= Min ? 0 : -1,
        _ when count >= Max => -1,
        _ => Max == Unbounded ? Math.Min(count + 1, Min) : count + 1,
    };

    /// <summary>
    /// The count that stands for all counts with the same future over the next <paramref name="steps"/> items: far below the minimum,
    /// or past it and far below the maximum, nothing tells them apart.
    /// </summary>
    public int Representative(int count, int steps) =>
        (long)count + steps < Min ? 0 : count >= Min && (long)count + steps < Max ? Min : count;
}

/// <summary>A step over any byte from <paramref name="Low"/> to <paramref name="High"/>.</summary>
internal readonly record struct ByteEdge(byte Low, byte High, GrammarNode Target, Counting Counting);

/// <summary>A whole value by another part of the grammar, after which <paramref name="Return"/> goes on.</summary>
internal readonly record struct GrammarCall(GrammarNode Callee, GrammarNode Return, Counting Counting);

/// <summary>One state of the schema's recursive transition network over bytes (Woods, 1970).</summary>
internal sealed class GrammarNode(int id, CountLimits limits)
{
    /// <summary>Larger than any height: no text leads from the node to an end.</summary>
    public const int Unproductive = int.MaxValue / 2;

    public int Id => id;
    public CountLimits Limits => limits;
    public List<ByteEdge> Edges { get; } = new(0);
    public List<GrammarNode> Epsilon { get; } = new(0);
    public List<GrammarCall> Calls { get; } = new(0);
    /// <summary>The value may end here.</summary>
    public bool Accepts { get; set; }
    /// <summary>The fewest frames that must be open at once, above this node's own, on some way to the end.</summary>
    public int Height { get; set; } = Unproductive;

    public bool IsProductive => Height < Unproductive;

    public void On(byte symbol, GrammarNode target, Counting counting = Counting.Keep) => Edges.Add(new ByteEdge(symbol, symbol, target, counting));

    public void On(int low, int high, GrammarNode target, Counting counting = Counting.Keep) =>
        Edges.Add(new ByteEdge((byte)low, (byte)high, target, counting));

    public void Call(GrammarNode callee, GrammarNode next, Counting counting = Counting.Keep) => Calls.Add(new GrammarCall(callee, next, counting));
}
