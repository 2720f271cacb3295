namespace RftAspire.Grading.Text;

/// <summary>
/// Metrics <c>rouge_1</c> to <c>rouge_5</c> and <c>rouge_l</c> (Lin 2004): the F1 of Google's rouge-score package without stemming. Words as
/// <see cref="Words"/> reads them, signs dropped, lower case. On ASCII text that is that package's [a-z0-9]+; where the package
/// drops all other letters, they count here, so that other scripts can be graded. All are symmetric, from 0 to 1, and 0 where a text
/// is too short.
/// </summary>
public static class Rouge
{
    /// <summary>Words of a text that count for <see cref="LongestCommon"/>.</summary>
    public const int MaxWords = 131_072;

    /// <summary>F1 of the runs of <paramref name="length"/> words.</summary>
    public static double Runs(string answer, string reference, int length)
    {
        var words = Read(answer, reference);
        var common = NGrams.Common(words.One, words.Other, length)[length - 1];
        return F1(common, NGrams.Total(words.One.Length, length), NGrams.Total(words.Other.Length, length));
    }

    /// <summary>F1 of the longest common subsequence of words; the whole text is one sentence.</summary>
    public static double LongestCommon(string answer, string reference)
    {
        var words = Read(answer, reference);
        int[] one = First(words.One), other = First(words.Other);
        return F1(CommonSubsequence.Length(one, other, words.Known.Length), one.Length, other.Length);
    }

    private static int[] First(int[] words) => words.Length <= MaxWords ? words : words[..MaxWords];

    private static Words Read(string answer, string reference) =>
        Words.Read(answer.ToLowerInvariant(), reference.ToLowerInvariant(), signs: false);

    private static double F1(int common, int one, int other) => common == 0 ? 0 : 2.0 * common / (one + other);
}
