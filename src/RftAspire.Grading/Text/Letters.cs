namespace RftAspire.Grading.Text;

/// <summary>A text as numbered letters, and its words in order of the alphabet: what the fuzzy ratios compare.</summary>
internal sealed class Letters
{
    // Number 0 is the space wherever there is one; without one there is a single word, which is never joined to another.
    private const int Space = 0;
    private readonly int[][] _words;

    public Letters(int[] all, int alphabet)
    {
        (All, Alphabet) = (all, alphabet);
        _words = [.. Split(all)];
        Array.Sort(_words, Compare);
    }

    public int[] All { get; }

    public int Alphabet { get; }

    /// <summary>Writes letters as numbers from 1 in order of the alphabet, spaces as 0; returns how many numbers there are.</summary>
    public static int Renumber(int[] one, int[] other)
    {
        int[] alphabet = [.. one.Concat(other).Where(letter => letter != ' ').Distinct().Order()];
        var numbers = new Dictionary<int, int>(alphabet.Length + 1) { [' '] = Space };
        for (var number = 0; number < alphabet.Length; number++) numbers[alphabet[number]] = number + 1;
        foreach (var text in (int[][])[one, other])
        {
            for (var index = 0; index < text.Length; index++) text[index] = numbers[text[index]];
        }
        return alphabet.Length + 1;
    }

    public static double Ratio(ReadOnlySpan<int> one, ReadOnlySpan<int> other, int alphabet) => one.Length + other.Length == 0
        ? 1
        : 2.0 * CommonSubsequence.Length(one, other, alphabet) / (one.Length + other.Length);

    public static double PartialRatio(ReadOnlySpan<int> one, ReadOnlySpan<int> other, int alphabet)
    {
        if (one.Length == other.Length) return Math.Max(BestPart(one, other, alphabet), BestPart(other, one, alphabet));
        return one.Length < other.Length ? BestPart(one, other, alphabet) : BestPart(other, one, alphabet);
    }

    /// <summary>The better of the ratios of the sorted words and of the sets of words.</summary>
    public double WordRatio(Letters other) => Math.Max(SetRatio(other), Ratio(Join(_words), Join(other._words), Alphabet));

    /// <summary>1 where a word is common, else the best part of the sorted words, with and without repetitions.</summary>
    public double PartialWordRatio(Letters other)
    {
        var (mine, common, theirs) = Compare(other);
        if (common.Count > 0) return 1;
        var sorted = PartialRatio(Join(_words), Join(other._words), Alphabet);
        return mine.Count == _words.Length && theirs.Count == other._words.Length
            ? sorted
            : Math.Max(sorted, PartialRatio(Join(mine), Join(theirs), Alphabet));
    }

    // The ratios between the common words, these with the words of one text alone, and these with those of the other alone.
    private double SetRatio(Letters other)
    {
        var (mine, common, theirs) = Compare(other);
        if (common.Count > 0 && (mine.Count == 0 || theirs.Count == 0)) return 1;
        var (a, b) = (Join(mine), Join(theirs));
        var shared = Join(common).Length;
        var joint = shared == 0 ? 0 : shared + 1;
        var unshared = a.Length + b.Length - 2 * CommonSubsequence.Length(a, b, Alphabet);
        var both = 1 - (double)unshared / (2 * joint + a.Length + b.Length);
        return shared == 0 ? both : Math.Max(both, Math.Max(WithMore(shared, a.Length), WithMore(shared, b.Length)));
    }

    private static double WithMore(int shared, int more) => 1 - (1.0 + more) / (2 * shared + 1 + more);

    // Both arrays are sorted, so one walk sorts the distinct words into mine alone, common and theirs alone.
    private (List<int[]> Mine, List<int[]> Common, List<int[]> Theirs) Compare(Letters other)
    {
        var (mine, common, theirs) = (new List<int[]>(), new List<int[]>(), new List<int[]>());
        var (i, j) = (0, 0);
        while (i < _words.Length || j < other._words.Length)
        {
            var order = i == _words.Length ? 1 : j == other._words.Length ? -1 : Compare(_words[i], other._words[j]);
            (order < 0 ? mine : order > 0 ? theirs : common).Add(order <= 0 ? _words[i] : other._words[j]);
            if (order <= 0) i = Next(_words, i);
            if (order >= 0) j = Next(other._words, j);
        }
        return (mine, common, theirs);
    }

    private static int Next(int[][] words, int index)
    {
        var word = words[index];
        while (index < words.Length && Compare(word, words[index]) == 0) index++;
        return index;
    }

    private static double BestPart(ReadOnlySpan<int> shorter, ReadOnlySpan<int> longer, int alphabet)
    {
        if (shorter.IsEmpty) return longer.IsEmpty ? 1 : 0;
        var end = BestEnd(shorter, longer[..shorter.Length], alphabet);
        int[] backShorter = [.. shorter], backLonger = [.. longer[^shorter.Length..]];
        Array.Reverse(backShorter);
        Array.Reverse(backLonger);
        var ends = Math.Max(end, BestEnd(backShorter, backLonger, alphabet));
        return Math.Max(ends, BestWindow(shorter, longer, alphabet, (int)(ends * shorter.Length)));
    }

    // Parts at an end of the longer text may be shorter than the shorter text.
    private static double BestEnd(ReadOnlySpan<int> shorter, ReadOnlySpan<int> end, int alphabet)
    {
        var common = new int[end.Length];
        CommonSubsequence.WithPrefixes(shorter, end, alphabet, common);
        var best = 0.0;
        for (var index = 0; index < end.Length; index++) best = Math.Max(best, 2.0 * common[index] / (shorter.Length + index + 1));
        return best;
    }

    // A window moved by one has at most one letter more in common, so one that lags behind by k is followed k + 1 further on.
    private static double BestWindow(ReadOnlySpan<int> shorter, ReadOnlySpan<int> longer, int alphabet, int best)
    {
        var cost = (long)shorter.Length * ((shorter.Length + 63) / 64);
        var budget = Fuzzy.MaxSteps;
        for (var start = 0; start + shorter.Length <= longer.Length && best < shorter.Length && budget > 0; budget -= cost)
        {
            var common = CommonSubsequence.Length(shorter, longer.Slice(start, shorter.Length), alphabet);
            start += Math.Max(best - common, 0) + 1;
            best = Math.Max(best, common);
        }
        return (double)best / shorter.Length;
    }

    private static IEnumerable<int[]> Split(int[] letters)
    {
        for (int start = 0, end; start < letters.Length; start = end + 1)
        {
            end = Array.IndexOf(letters, Space, start);
            if (end < 0) end = letters.Length;
            if (end > start) yield return letters[start..end];
        }
    }

    private static int[] Join(IReadOnlyList<int[]> words)
    {
        if (words.Count == 0) return [];
        var joined = new int[words.Sum(word => word.Length) + words.Count - 1];
        var end = 0;
        foreach (var word in words)
        {
            word.CopyTo(joined, end);
            end += word.Length + 1;
        }
        return joined;
    }

    private static int Compare(int[] one, int[] other) => one.AsSpan().SequenceCompareTo(other);
}
