using System.Runtime.InteropServices;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// Counts of neighbouring tokens over all words, kept up to date by touching only the words that hold the merged pair.
/// </summary>
internal sealed class PairCounts
{
    private readonly record struct Pair(int Left, int Right);

    private readonly List<(int[] Ids, long Count)> words;
    private readonly Dictionary<Pair, long> counts = [];
    /// <summary>Words that hold a pair or once did.</summary>
    private readonly Dictionary<Pair, List<int>> holders = [];
    // Counts in the queue are upper bounds: a pair whose count fell goes back with the true one when it comes up.
    private readonly PriorityQueue<Pair, (long NegatedCount, int Left, int Right)> queue = new();

    public PairCounts(IEnumerable<(int[] Ids, long Count)> wordCounts)
    {
        words = [.. wordCounts];
        for (var word = 0; word < words.Count; word++)
            for (var i = 0; i + 1 < words[word].Ids.Length; i++) Count(new Pair(words[word].Ids[i], words[word].Ids[i + 1]), word, words[word].Count);
        foreach (var pair in counts.Keys) Enqueue(pair);
    }

    /// <summary>The pair of the largest count, then of the smallest ids; null where none occurs twice.</summary>
    public (int Left, int Right)? TakeMostFrequent()
    {
        while (queue.TryDequeue(out var pair, out var bound))
        {
            var count = counts.GetValueOrDefault(pair);
            if (count < 2) continue;
            if (count == -bound.NegatedCount) return (pair.Left, pair.Right);
            if (count < -bound.NegatedCount) Enqueue(pair);
        }
        return null;
    }

    public void Merge(int left, int right, int id)
    {
        var merged = new Pair(left, right);
        var grown = new HashSet<Pair>();
        foreach (var word in holders[merged])
        {
            var (ids, count) = words[word];
            var shorter = Replace(ids, merged, id);
            if (shorter.Length == ids.Length) continue;
            for (var i = 0; i + 1 < ids.Length; i++) counts[new Pair(ids[i], ids[i + 1])] -= count;
            for (var i = 0; i + 1 < shorter.Length; i++) Recount(new Pair(shorter[i], shorter[i + 1]), id, word, count, grown);
            words[word] = (shorter, count);
        }
        counts.Remove(merged);
        holders.Remove(merged);
        foreach (var pair in grown) Enqueue(pair);
    }

    private void Recount(Pair pair, int id, int word, long count, HashSet<Pair> grown)
    {
        if (pair.Left != id && pair.Right != id)
        {
            counts[pair] += count;
            return;
        }
        Count(pair, word, count);
        grown.Add(pair);
    }

    private void Count(Pair pair, int word, long count)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(counts, pair, out _) += count;
        ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(holders, pair, out _);
        list ??= [];
        if (list.Count == 0 || list[^1] != word) list.Add(word);
    }

    private void Enqueue(Pair pair)
    {
        if (counts.TryGetValue(pair, out var count) && count >= 2) queue.Enqueue(pair, (-count, pair.Left, pair.Right));
    }

    private static int[] Replace(int[] ids, Pair pair, int id)
    {
        var result = new int[ids.Length];
        var written = 0;
        for (var read = 0; read < ids.Length; read++)
        {
            var match = read + 1 < ids.Length && ids[read] == pair.Left && ids[read + 1] == pair.Right;
            result[written++] = match ? id : ids[read];
            if (match) read++;
        }
        return written == ids.Length ? ids : result[..written];
    }
}
