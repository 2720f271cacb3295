using System.Globalization;
using System.Text;

namespace RftAspire.Grading.Text;

/// <summary>
/// Two texts as numbered words: the same number is the same word. A word is a run of letters, marks and numbers of any script; in scripts
/// that are written without spaces (Chinese characters, Kana, Bopomofo, Thai, Lao, Khmer, Burmese) every letter is a word.
/// </summary>
internal readonly struct Words
{
    private Words(int[] one, int[] other, string[] known) => (One, Other, Known) = (one, other, known);

    public int[] One { get; }

    public int[] Other { get; }

    /// <summary>The words by number.</summary>
    public string[] Known { get; }

    /// <param name="signs">Whether a sign that is no letter, number or space is a word by itself; else it only separates words.</param>
    public static Words Read(string one, string other, bool signs)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var lookup = numbers.GetAlternateLookup<ReadOnlySpan<char>>();
        var (first, second) = (Read(one, signs, lookup), Read(other, signs, lookup));
        return new Words(first, second, [.. numbers.Keys]);
    }

    /// <summary>Whether it is a letter, a mark or a number.</summary>
    public static bool IsInWord(Rune letter) => Rune.GetUnicodeCategory(letter) <= UnicodeCategory.OtherNumber;

    /// <summary>How many words a text has, signs not counted.</summary>
    public static int Count(string text)
    {
        var (count, within, position) = (0, false, 0);
        while (position < text.Length)
        {
            var kind = KindAt(text, position, out var length);
            if (kind == Kind.Word || (kind == Kind.InWord && !within)) count++;
            within = kind == Kind.InWord;
            position += length;
        }
        return count;
    }

    private static int[] Read(string text, bool signs, Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> numbers)
    {
        var words = new List<int>(text.Length / 4);
        var (start, position) = (0, 0);
        while (position < text.Length)
        {
            var kind = KindAt(text, position, out var length);
            if (kind != Kind.InWord)
            {
                Add(text.AsSpan(start, position - start));
                if (kind == Kind.Word || (kind == Kind.Sign && signs)) Add(text.AsSpan(position, length));
                start = position + length;
            }
            position += length;
        }
        Add(text.AsSpan(start));
        return [.. words];

        void Add(ReadOnlySpan<char> word)
        {
            if (word.IsEmpty) return;
            if (!numbers.TryGetValue(word, out var number)) numbers[word] = number = numbers.Dictionary.Count;
            words.Add(number);
        }
    }

    private enum Kind
    {
        Space,
        InWord,
        Word,
        Sign,
    }

    private static Kind KindAt(string text, int position, out int length)
    {
        length = 1;
        var letter = text[position];
        if (char.IsAsciiLetterOrDigit(letter)) return Kind.InWord;
        if (char.IsAscii(letter)) return letter <= ' ' || letter == '\x7f' ? Kind.Space : Kind.Sign;
        // Half a surrogate pair reads as U+FFFD, a sign of one char.
        Rune.DecodeFromUtf16(text.AsSpan(position), out var rune, out length);
        if (IsUnspaced(rune.Value)) return Kind.Word;
        if (IsInWord(rune)) return Kind.InWord;
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned => Kind.Space,
            _ => Kind.Sign,
        };
    }

    private static bool IsUnspaced(int letter) => letter is >= 0xE00 and <= 0xEFF or >= 0x1000 and <= 0x109F or >= 0x1780 and <= 0x17FF
        or >= 0x3041 and <= 0x312F or >= 0x31A0 and <= 0x31BF or >= 0x31F0 and <= 0x31FF or >= 0x3400 and <= 0x4DBF
        or >= 0x4E00 and <= 0x9FFF or >= 0xF900 and <= 0xFAFF or >= 0xFF66 and <= 0xFF9F or >= 0x20000 and <= 0x3FFFF;
}
