namespace RftAspire.Engine.Tokenization;

/// <summary>The merges of a BPE vocabulary, applied best rank first and, within a rank, from left to right.</summary>
internal sealed class MergeTable
{
    private readonly Dictionary<long, (int Rank, int Id)> merges = [];
    private int ranks;

    /// <summary>Adds the merge of the next rank; a pair given again takes its later rank.</summary>
    public void Add(int left, int right, int id) => merges[Pair(left, right)] = (ranks++, id);

    /// <summary>Merges the ids in place and returns how many remain. The queue makes a piece of n symbols cost n log n.</summary>
    public int Apply(Span<int> ids)
    {
        if (ids.Length < 2) return ids.Length;
        Span<int> next = ids.Length <= 256 ? stackalloc int[ids.Length] : new int[ids.Length];
        Span<int> previous = ids.Length <= 256 ? stackalloc int[ids.Length] : new int[ids.Length];
        // Rank in the upper half and position in the lower: one comparison orders by both.
        var queue = new PriorityQueue<int, long>();
        for (var i = 0; i < ids.Length; i++)
        {
            (previous[i], next[i]) = (i - 1, i + 1 < ids.Length ? i + 1 : -1);
            if (next[i] >= 0) Offer(queue, ids, i, i + 1);
        }
        while (queue.TryDequeue(out var left, out var best))
        {
            // An entry is stale when either side was merged since: then the pair at its place has another rank or is gone.
            if (ids[left] < 0 || next[left] < 0 || !merges.TryGetValue(Pair(ids[left], ids[next[left]]), out var merge) || merge.Rank != best >> 32) continue;
            Join(ids, next, previous, left, merge.Id);
            if (next[left] >= 0) Offer(queue, ids, left, next[left]);
            if (previous[left] >= 0) Offer(queue, ids, previous[left], left);
        }
        return Compact(ids);
    }

    private static long Pair(int left, int right) => ((long)left << 32) | (uint)right;

    private void Offer(PriorityQueue<int, long> queue, Span<int> ids, int left, int right)
    {
        if (merges.TryGetValue(Pair(ids[left], ids[right]), out var merge)) queue.Enqueue(left, Pair(merge.Rank, left));
    }

    private static void Join(Span<int> ids, Span<int> next, Span<int> previous, int left, int id)
    {
        var right = next[left];
        (ids[left], ids[right], next[left]) = (id, -1, next[right]);
        if (next[left] >= 0) previous[next[left]] = left;
    }

    private static int Compact(Span<int> ids)
    {
        var count = 0;
        foreach (var id in ids)
            if (id >= 0) ids[count++] = id;
        return count;
    }
}
