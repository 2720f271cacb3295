using System.Globalization;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Rules;

/// <summary>
/// Numbers in text, as people write them:
/// <code>
/// number   = digits [ "." digits ] [ ("e" | "E") [ sign ] digits ] | "." digits ...     1234.5   .5   1e-3
/// digits   = ASCII digits, with thousands apart by one of , ' _ no-break, thin or narrow space:  1,234,567.8
/// sign     = + - and the other Unicode plus and minus signs
/// in text  = [ sign ] [ currency sign ] [ sign ] number, not within a word, no date of points (1.2.3); 10-12 is 10 and 12
/// whole    = [ sign | currency sign | ISO code | space ]... number [ space ] [ unit ] [ "." ]
/// unit     = up to 24 letters, currency signs or any of % ‰ ° ² ³ · / * ^, without a space
/// </code>
/// Units only stand by: 50% is 50. Fractions and decimal commas are not read.
/// </summary>
internal static class Numbers
{
    private const int LongestUnit = 24;

    /// <summary>The number that counts; null where there is none or it is beyond a double.</summary>
    public static double? Read(string text, NumberPlace place)
    {
        double? last = null;
        for (var start = 0; start < text.Length; start++)
        {
            if (!StartsNumber(text, start)) continue;
            var end = EndOf(text, start);
            var value = start > 0 && IsInWord(text[start - 1]) ? null : Value(text, start, ref end);
            if (place == NumberPlace.Whole) return IsPrefix(text.AsSpan(0, start), ref value) && IsUnit(text.AsSpan(end)) ? value : null;
            if (value is { } found) last = HasMinus(text, start) ? -found : found;
            if (place == NumberPlace.First && last is not null) return last;
            start = end - 1;
        }
        return last;
    }

    private static bool StartsNumber(string text, int at) =>
        IsDigit(text, at) || (text[at] == '.' && IsDigit(text, at + 1) && (at == 0 || !char.IsLetterOrDigit(text[at - 1])));

    // The end of digits, groups and fraction.
    private static int EndOf(string text, int start)
    {
        var end = Digits(text, start);
        if (end - start is > 0 and <= 3 && end < text.Length && IsSeparator(text[end]))
        {
            var separator = text[end];
            while (end < text.Length && text[end] == separator && Digits(text, end + 1) == end + 4) end += 4;
        }
        return end < text.Length && text[end] == '.' && IsDigit(text, end + 1) ? Digits(text, end + 1) : end;
    }

    // Moves the end behind an exponent, or behind all of what only looks like a number.
    private static double? Value(string text, int start, ref int end)
    {
        if (end < text.Length && text[end] == '.' && IsDigit(text, end + 1))
        {
            while (end < text.Length && (text[end] == '.' || IsDigit(text, end))) end++;
            return null;
        }
        var mantissa = string.Concat(text.AsSpan(start, end - start).ToString().Where(letter => letter == '.' || char.IsAsciiDigit(letter)));
        var exponent = Exponent(text, ref end);
        return double.TryParse(mantissa + exponent, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
    }

    private static string Exponent(string text, ref int end)
    {
        if (end >= text.Length || text[end] is not ('e' or 'E')) return "";
        var digits = end + 1;
        var sign = digits < text.Length && IsSign(text[digits]) ? text[digits++] : '+';
        var behind = Digits(text, digits);
        if (behind == digits || (behind < text.Length && char.IsLetter(text[behind]))) return "";
        end = behind;
        return $"e{(IsMinus(sign) ? '-' : '+')}{text.AsSpan(digits, behind - digits)}";
    }

    // A minus before the number or its currency sign, unless it joins the number to what stands before it.
    private static bool HasMinus(string text, int start)
    {
        var (at, minus, sign, currency) = (start - 1, false, false, false);
        for (; at >= 0; at--)
        {
            if (!sign && IsSign(text[at])) (sign, minus) = (true, IsMinus(text[at]));
            else if (!currency && IsCurrency(text[at])) currency = true;
            else break;
        }
        return minus && (at < 0 || !(char.IsLetterOrDigit(text[at]) || text[at] is ')' or '%'));
    }

    private static bool IsPrefix(ReadOnlySpan<char> prefix, ref double? value)
    {
        var (signs, capitals) = (0, 0);
        foreach (var letter in prefix)
        {
            if (char.IsAsciiLetterUpper(letter)) capitals++;
            else if (IsSign(letter)) signs++;
            else if (!IsCurrency(letter) && !char.IsWhiteSpace(letter)) return false;
            if (IsMinus(letter)) value = -value;
        }
        return signs <= 1 && (capitals == 0 || (capitals == 3 && prefix.IndexOfAnyInRange('A', 'Z') + 3 > prefix.LastIndexOfAnyInRange('A', 'Z')));
    }

    private static bool IsUnit(ReadOnlySpan<char> rest)
    {
        rest = rest.Trim();
        if (rest is [.. var before, '.']) rest = before;
        foreach (var letter in rest)
        {
            if (!char.IsLetter(letter) && !IsCurrency(letter) && !"%‰°²³·/*^".Contains(letter)) return false;
        }
        return rest.Length <= LongestUnit;
    }

    private static int Digits(string text, int at)
    {
        while (IsDigit(text, at)) at++;
        return at;
    }

    private static bool IsDigit(string text, int at) => at < text.Length && char.IsAsciiDigit(text[at]);

    private static bool IsInWord(char letter) => char.IsLetter(letter) || letter == '_';

    private static bool IsSeparator(char letter) => letter is ',' or '\'' or '\u2019' or '_' or '\u00a0' or '\u2009' or '\u202f';

    private static bool IsCurrency(char letter) => char.GetUnicodeCategory(letter) == UnicodeCategory.CurrencySymbol;

    private static bool IsSign(char letter) => letter is '+' or '\uff0b' || IsMinus(letter);

    private static bool IsMinus(char letter) => letter is '-' or '\u2212' or '\ufe63' or '\uff0d';
}
