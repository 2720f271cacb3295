namespace RftAspire.Grading.Text;

/// <summary>Counts runs of n words.</summary>
internal static class NGrams
{
    /// <summary>How many runs of 1, 2, ... words both texts have, each as often as it stands in both.</summary>
    public static int[] Common(ReadOnlySpan<int> one, ReadOnlySpan<int> other, int longest)
    {
        var common = new int[longest];
        int[] mine = [.. one], theirs = [.. other];
        for (var length = 1; length <= longest; length++)
        {
            if (length > 1)
            {
                var numbers = new Dictionary<(int Run, int Word), int>(mine.Length);
                mine = Extend(mine, one[(length - 1)..], numbers);
                theirs = Extend(theirs, other[(length - 1)..], numbers);
            }
            common[length - 1] = Count(mine, theirs);
            if (common[length - 1] == 0) break;
        }
        return common;
    }

    /// <summary>How many runs of <paramref name="length"/> words a text of so many words has.</summary>
    public static int Total(int words, int length) => Math.Max(words - length + 1, 0);

    // The numbers of all runs longer by one word, from those of the shorter runs and the words that follow them.
    private static int[] Extend(int[] runs, ReadOnlySpan<int> next, Dictionary<(int, int), int> numbers)
    {
        var longer = new int[next.Length];
        for (var index = 0; index < next.Length; index++)
        {
            var run = (runs[index], next[index]);
            if (!numbers.TryGetValue(run, out longer[index])) numbers[run] = longer[index] = numbers.Count;
        }
        return longer;
    }

    private static int Count(int[] mine, int[] theirs)
    {
        // Runs are numbered in order of their first place, so none has a number above the count of both.
        var left = new int[mine.Length + theirs.Length];
        foreach (var run in mine) left[run]++;
        return theirs.Count(run => left[run]-- > 0);
    }
}
