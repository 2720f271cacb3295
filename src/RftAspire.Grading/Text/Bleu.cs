namespace RftAspire.Grading.Text;

/// <summary>
/// Metrics <c>bleu</c> and <c>gleu</c>: n-grams of 1 to 4 words that the answer shares with one reference. Words as <see cref="Words"/>
/// reads them, signs apart, upper and lower case distinct.
/// </summary>
public static class Bleu
{
    private const int Longest = 4;

    /// <summary>
    /// BLEU of one sentence (Papineni et al. 2002): the geometric mean of the four precisions, times exp(1 - r/c) for an answer of c words
    /// shorter than the reference's r. From two words on, precisions are (common + 1) / (all + 1) (Lin and Och 2004, smoothing
    /// method 2 of Chen and Cherry 2014), so an answer without common runs of four words is not 0, and one too short for them is not
    /// punished twice. From 0, no common word, to 1, the same words in the same order.
    /// </summary>
    public static double Score(string answer, string reference)
    {
        var words = Words.Read(answer, reference, signs: true);
        if (words.One.Length == 0 || words.Other.Length == 0) return 0;
        var common = NGrams.Common(words.One, words.Other, Longest);
        if (common[0] == 0) return 0;
        var logarithm = Math.Log((double)common[0] / words.One.Length);
        for (var length = 2; length <= Longest; length++)
            logarithm += Math.Log((common[length - 1] + 1.0) / (NGrams.Total(words.One.Length, length) + 1));
        var brevity = Math.Min(0, 1 - (double)words.Other.Length / words.One.Length);
        return Math.Exp(brevity + logarithm / Longest);
    }

    /// <summary>
    /// GLEU of one sentence (Wu et al. 2016): of all n-grams together, the lesser of precision and recall. From 0 to 1; symmetric.
    /// </summary>
    public static double Google(string answer, string reference)
    {
        var words = Words.Read(answer, reference, signs: true);
        if (words.One.Length == 0 || words.Other.Length == 0) return 0;
        var more = Math.Max(words.One.Length, words.Other.Length);
        var all = Enumerable.Range(1, Longest).Sum(length => (long)NGrams.Total(more, length));
        return (double)NGrams.Common(words.One, words.Other, Longest).Sum(count => (long)count) / all;
    }
}
