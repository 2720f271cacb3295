namespace RftAspire.Grading.Text;

/// <summary>
/// Metric <c>meteor</c> (Lavie and Agarwal 2007), aligned as NLTK's <c>meteor_score</c> does it, but without WordNet's synonyms: from the last
/// word of the answer on, each takes the last free equal word of the reference; what is left, the same by <see cref="PorterStemmer"/>.
/// Lower case, words as <see cref="Words"/> reads them, signs apart.
/// </summary>
/// <remarks>
/// PR / (0.9 P + 0.1 R), times 1 - 0.5 (chunks / matches)³, with NLTK's alpha, beta and gamma; a chunk is a run of matches that follow
/// each other in both texts. A text of n words compared with itself has 1 - 0.5 / n³, not 1. Not symmetric: recall weighs more.
/// </remarks>
public static class Meteor
{
    private const double Alpha = 0.9;
    private const double Gamma = 0.5;

    /// <summary>From 0, no common word, to below 1.</summary>
    public static double Score(string answer, string reference)
    {
        var words = Words.Read(answer.ToLowerInvariant(), reference.ToLowerInvariant(), signs: true);
        var partners = new int[words.One.Length];
        Array.Fill(partners, -1);
        var free = Enumerable.Repeat(true, words.Other.Length).ToArray();
        Match(words.One, words.Other, partners, free);
        if (partners.Contains(-1) && free.Contains(true))
        {
            var stems = Stems(words.Known);
            Match([.. words.One.Select(word => stems[word])], [.. words.Other.Select(word => stems[word])], partners, free);
        }
        return Score(partners, words.Other.Length);
    }

    private static double Score(int[] partners, int reference)
    {
        double matches = partners.Count(partner => partner >= 0);
        if (matches == 0) return 0;
        var (precision, recall) = (matches / partners.Length, matches / reference);
        var fragmentation = Chunks(partners) / matches;
        var mean = precision * recall / (Alpha * precision + (1 - Alpha) * recall);
        return mean * (1 - Gamma * fragmentation * fragmentation * fragmentation);
    }

    // The free places of every word lie on a stack each, the last on top.
    private static void Match(int[] answer, int[] reference, int[] partners, bool[] free)
    {
        var (top, below) = (new Dictionary<int, int>(), new int[reference.Length]);
        for (var place = 0; place < reference.Length; place++)
        {
            if (!free[place]) continue;
            below[place] = top.GetValueOrDefault(reference[place], -1);
            top[reference[place]] = place;
        }
        for (var index = answer.Length - 1; index >= 0; index--)
        {
            if (partners[index] >= 0 || top.GetValueOrDefault(answer[index], -1) is not (>= 0 and var place)) continue;
            (partners[index], free[place], top[answer[index]]) = (place, false, below[place]);
        }
    }

    private static int Chunks(int[] partners)
    {
        var chunks = 0;
        for (var index = 0; index < partners.Length; index++)
        {
            if (partners[index] >= 0 && (index == 0 || partners[index - 1] < 0 || partners[index] != partners[index - 1] + 1)) chunks++;
        }
        return chunks;
    }

    private static int[] Stems(string[] words)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var stems = new int[words.Length];
        for (var word = 0; word < words.Length; word++)
        {
            var stem = PorterStemmer.Stem(words[word]);
            if (!numbers.TryGetValue(stem, out stems[word])) numbers[stem] = stems[word] = numbers.Count;
        }
        return stems;
    }
}
