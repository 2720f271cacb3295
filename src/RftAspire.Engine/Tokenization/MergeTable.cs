namespace RftAspire.Engine.Tokenization;

/// <summary>The merges of a BPE vocabulary, applied best rank first and, within a rank, from left to right.</summary>
internal sealed class MergeTable
{
    /// <summary>Up to here searching all pairs for the best is faster than keeping them in order.</summary>
    private const int Short = 64;

    private readonly Dictionary<ulong, (int Rank, int Id)> merges = [];
    private int ranks;

    /// <summary>Adds the merge of the next rank; a pair given again takes its later rank.</summary>
    public void Add(int left, int right, int id) => merges[Pair(left, right)] = (ranks++, id);

    /// <summary>Merges the ids in place and returns how many remain; n ids cost n log n at most.</summary>
    public int Apply(Span<int> ids) => ids.Length <= Short ? ApplyShort(ids) : ApplyLong(ids);

    /// <summary>Both ids in one number, spread so that the pairs of equal ids do not share a hash.</summary>
    private static ulong Pair(int left, int right) => unchecked((((ulong)left << 32) | (uint)right) * 0x9E3779B97F4A7C15);

    private (int Rank, int Id) Find(int left, int right) => merges.TryGetValue(Pair(left, right), out var merge) ? merge : (int.MaxValue, -1);

    private int ApplyShort(Span<int> ids)
    {
        Span<(int Rank, int Id)> pairs = stackalloc (int, int)[Short];
        var count = ids.Length;
        for (var i = 0; i + 1 < count; i++) pairs[i] = Find(ids[i], ids[i + 1]);
        while (true)
        {
            var best = 0;
            for (var i = 1; i + 1 < count; i++)
                if (pairs[i].Rank < pairs[best].Rank) best = i;
            if (count < 2 || pairs[best].Rank == int.MaxValue) return count;
            ids[best] = pairs[best].Id;
            ids[(best + 2)..count].CopyTo(ids[(best + 1)..]);
            pairs[(best + 1)..(count - 1)].CopyTo(pairs[best..]);
            count--;
            if (best > 0) pairs[best - 1] = Find(ids[best - 1], ids[best]);
            if (best + 1 < count) pairs[best] = Find(ids[best], ids[best + 1]);
        }
    }

    private int ApplyLong(Span<int> ids)
    {
        int[] next = [.. Enumerable.Range(1, ids.Length - 1), -1], previous = [.. Enumerable.Range(-1, ids.Length)];
        // Rank in the upper half and position in the lower: one comparison orders by both.
        var queue = new PriorityQueue<int, long>();
        for (var i = 0; i + 1 < ids.Length; i++) Offer(queue, ids, i, i + 1);
        while (queue.TryDequeue(out var left, out var best))
        {
            // An entry is stale when either side was merged since: then the pair at its place has another rank or is gone.
            var right = next[left];
            if (ids[left] < 0 || right < 0 || Find(ids[left], ids[right]) is var (rank, id) && rank != best >> 32) continue;
            (ids[left], ids[right], next[left]) = (id, -1, next[right]);
            if (next[left] >= 0) previous[next[left]] = left;
            if (next[left] >= 0) Offer(queue, ids, left, next[left]);
            if (previous[left] >= 0) Offer(queue, ids, previous[left], left);
        }
        var count = 0;
        foreach (var id in ids)
            if (id >= 0) ids[count++] = id;
        return count;
    }

    private void Offer(PriorityQueue<int, long> queue, Span<int> ids, int left, int right)
    {
        if (Find(ids[left], ids[right]) is var (rank, id) && id >= 0) queue.Enqueue(left, ((long)rank << 32) | (uint)left);
    }
}
