using System.Text;

namespace RftAspire.Grading.Text;

/// <summary>
/// Metric <c>cosine</c>: the cosine of the angle between two vectors of counts, without a model: spelling counts, meaning does not.
/// </summary>
/// <remarks>
/// The text is put in lower case, every run of what is no letter, mark or number becomes one space, and one space is set at both ends.
/// The vector has a dimension for every 64-bit FNV-1a hash of one to three letters in a row; hashes are the same on every machine.
/// </remarks>
public static class Cosine
{
    private const int Longest = 3;

    /// <summary>From 0, nothing in common, to 1, the same n-grams as often; 0 where a text has neither letter nor number. Symmetric.</summary>
    public static double Similarity(string one, string other)
    {
        var (a, b) = (Count(one), Count(other));
        // Whole numbers, so that the order of summing does not show in the last digit.
        var dot = 0L;
        foreach (var (hash, count) in a) dot += count * b.GetValueOrDefault(hash);
        if (dot == 0) return 0;
        return Math.Min(1, dot / Math.Sqrt((double)Square(a) * Square(b)));
    }

    private static long Square(Dictionary<ulong, long> counts) => counts.Values.Sum(count => count * count);

    private static Dictionary<ulong, long> Count(string text)
    {
        var letters = Read(text);
        var counts = new Dictionary<ulong, long>();
        for (var start = 0; start < letters.Count; start++)
        {
            var hash = 14_695_981_039_346_656_037;
            for (var end = start; end < Math.Min(start + Longest, letters.Count); end++)
            {
                hash = Hash(hash, letters[end]);
                // The space alone says nothing.
                if (end > start || letters[end] != ' ') counts[hash] = counts.GetValueOrDefault(hash) + 1;
            }
        }
        return counts;
    }

    private static List<int> Read(string text)
    {
        var letters = new List<int>(text.Length + 2) { ' ' };
        foreach (var rune in text.EnumerateRunes())
        {
            if (Words.IsInWord(rune)) letters.Add(Rune.ToLowerInvariant(rune).Value);
            else if (letters[^1] != ' ') letters.Add(' ');
        }
        if (letters.Count == 1) return [];
        if (letters[^1] != ' ') letters.Add(' ');
        return letters;
    }

    // The four bytes of the letter's number, the lowest first.
    private static ulong Hash(ulong hash, int letter)
    {
        for (var shift = 0; shift < 32; shift += 8) hash = (hash ^ (byte)(letter >> shift)) * 1_099_511_628_211;
        return hash;
    }
}
