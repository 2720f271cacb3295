using System.Globalization;
using System.Text;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// A text in which a .NET regular expression sees one char a code point: a code point beyond U+FFFF is replaced by a char of the
/// same general category, so that \p{L}, \p{N} and \s hold or fail as for the original. Positions map back to the original.
/// </summary>
internal readonly struct CodePointText
{
    private const char Unassigned = '\ue000';

    private static readonly Dictionary<UnicodeCategory, char> Representative = new()
    {
        [UnicodeCategory.UppercaseLetter] = 'À',
        [UnicodeCategory.LowercaseLetter] = 'ß',
        [UnicodeCategory.TitlecaseLetter] = 'ǅ',
        [UnicodeCategory.ModifierLetter] = 'ʰ',
        [UnicodeCategory.OtherLetter] = 'ª',
        [UnicodeCategory.NonSpacingMark] = '\u0300',
        [UnicodeCategory.SpacingCombiningMark] = '\u0903',
        [UnicodeCategory.EnclosingMark] = '\u0488',
        [UnicodeCategory.DecimalDigitNumber] = '\u0660',
        [UnicodeCategory.LetterNumber] = '\u2160',
        [UnicodeCategory.OtherNumber] = '²',
        [UnicodeCategory.Format] = '\u200b',
        [UnicodeCategory.OtherPunctuation] = '¡',
        [UnicodeCategory.DashPunctuation] = '\u2010',
        [UnicodeCategory.MathSymbol] = '±',
        [UnicodeCategory.CurrencySymbol] = '¢',
        [UnicodeCategory.ModifierSymbol] = '¨',
        [UnicodeCategory.OtherSymbol] = '©',
    };

    private readonly int[]? starts;

    public CodePointText(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
        {
            Chars = text;
            return;
        }
        var chars = new StringBuilder(text.Length);
        var positions = new List<int>(text.Length + 1);
        for (var i = 0; i < text.Length; i += char.IsSurrogate(text[i]) ? 2 : 1)
        {
            positions.Add(i);
            chars.Append(char.IsSurrogate(text[i]) ? Substitute(char.ConvertToUtf32(text, i)) : text[i]);
        }
        positions.Add(text.Length);
        (Chars, starts) = (chars.ToString(), [.. positions]);
    }

    public string Chars { get; }

    /// <summary>Where the code point at this index of <see cref="Chars"/> begins in the original.</summary>
    public int Start(int index) => starts is null ? index : starts[index];

    /// <summary>Lone surrogates become U+FFFD, as they would in UTF-8.</summary>
    public static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff')) return text;
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }

    private static char Substitute(int codePoint) =>
        Representative.GetValueOrDefault(CharUnicodeInfo.GetUnicodeCategory(codePoint), Unassigned);
}
