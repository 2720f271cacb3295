using System.Globalization;
using System.Text;

namespace RftAspire.Grading.Text;

/// <summary>
/// Metric <c>fuzzy_match</c>: RapidFuzz's <c>WRatio</c> over 100 after its default processing (all that is neither letter, number nor
/// underscore becomes a space, ends trimmed, lower case), with the definitions of RapidFuzz 3.14. Letters are code points.
/// </summary>
/// <remarks>
/// Bounds: after processing, the first <see cref="MaxLength"/> letters count; the search for the best part of a longer text ends after
/// <see cref="MaxSteps"/> steps of 64 letters each, with the best part found until then.
/// </remarks>
public static class Fuzzy
{
    /// <summary>Letters of a text that count.</summary>
    public const int MaxLength = 65_536;

    /// <summary>Most steps of one search for the best part; beyond it the result may be too low.</summary>
    public const long MaxSteps = 1L << 28;

    private const double OfWords = 0.95;

    /// <summary>From 0, nothing alike, to 1; 0 where a text has neither letter nor number. Symmetric.</summary>
    public static double Match(string one, string other)
    {
        var (a, b) = (Process(one), Process(other));
        if (a.Length == 0 || b.Length == 0) return 0;
        var alphabet = Letters.Renumber(a, b);
        return Weighted(new Letters(a, alphabet), new Letters(b, alphabet));
    }

    /// <summary>Twice the common subsequence over both lengths: 1 less the normalised insertions and deletions. Symmetric.</summary>
    internal static double Ratio(string one, string other)
    {
        var (a, b) = (CodePoints(one), CodePoints(other));
        return Letters.Ratio(a, b, Letters.Renumber(a, b));
    }

    /// <summary>The best <see cref="Ratio"/> of the shorter text with a part of the longer that is at most as long. Symmetric.</summary>
    internal static double PartialRatio(string one, string other)
    {
        var (a, b) = (CodePoints(one), CodePoints(other));
        return Letters.PartialRatio(a, b, Letters.Renumber(a, b));
    }

    private static double Weighted(Letters a, Letters b)
    {
        var whole = Letters.Ratio(a.All, b.All, a.Alphabet);
        var longer = (double)Math.Max(a.All.Length, b.All.Length) / Math.Min(a.All.Length, b.All.Length);
        if (longer < 1.5) return Math.Max(whole, OfWords * a.WordRatio(b));
        var ofParts = longer <= 8 ? 0.9 : 0.6;
        var part = Math.Max(whole, ofParts * Letters.PartialRatio(a.All, b.All, a.Alphabet));
        return Math.Max(part, OfWords * ofParts * a.PartialWordRatio(b));
    }

    private static int[] CodePoints(string text) => [.. text.EnumerateRunes().Take(MaxLength).Select(letter => letter.Value)];

    private static int[] Process(string text)
    {
        var letters = new List<int>(Math.Min(text.Length, MaxLength));
        foreach (var letter in text.EnumerateRunes())
        {
            if (letters.Count == MaxLength) break;
            if (IsWord(letter)) letters.Add(Rune.ToLowerInvariant(letter).Value);
            else if (letters.Count > 0) letters.Add(' ');
        }
        while (letters.Count > 0 && letters[^1] == ' ') letters.RemoveAt(letters.Count - 1);
        return [.. letters];
    }

    private static bool IsWord(Rune letter) => Rune.IsLetterOrDigit(letter) || letter.Value == '_'
        || Rune.GetUnicodeCategory(letter) is UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
}
