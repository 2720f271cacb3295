using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace RftAspire.Engine.Tokenization.Patterns;

/// <summary>A set of code points, one bit each in pages of 4096, so that membership is a look-up on every plane.</summary>
internal sealed class CodePointSet
{
    private const int Points = 0x110000, PageBits = 12, Pages = Points >> PageBits, Words = 1 << PageBits >> 6;

    // Most sets hold nothing or all of most pages; such pages are shared until something is added.
    private static readonly ulong[] Empty = new ulong[Words];
    private static readonly ulong[] Full = [.. Enumerable.Repeat(ulong.MaxValue, Words)];

    private static readonly ConcurrentDictionary<int, CodePointSet> ByCategories = new();

    private readonly ulong[][] pages = new ulong[Pages][];

    private CodePointSet() => Array.Fill(pages, Empty);

    /// <summary>The White_Space property.</summary>
    public static CodePointSet WhiteSpace { get; } = OfCategories(UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator)
        .With(OfRange('\t', '\r'), OfRange('\u0085', '\u0085'));

    /// <summary>The Alphabetic property, marks, decimal digits and connecting punctuation.</summary>
    public static CodePointSet Word { get; } = OfMajor("LM")
        .With(OfCategories(UnicodeCategory.DecimalDigitNumber, UnicodeCategory.LetterNumber, UnicodeCategory.ConnectorPunctuation),
            OfRange(0x24B6, 0x24E9), OfRange(0x1F130, 0x1F149), OfRange(0x1F150, 0x1F169), OfRange(0x1F170, 0x1F189));

    /// <summary>ASCII punctuation and symbols, and every punctuation category.</summary>
    public static CodePointSet Punctuation { get; } =
        OfMajor("P").With(OfRange('!', '/'), OfRange(':', '@'), OfRange('[', '`'), OfRange('{', '~'));

    public bool Contains(int point) => (pages[point >> PageBits][point >> 6 & (Words - 1)] >> (point & 63) & 1) != 0;

    public static CodePointSet Nothing() => new();

    public static CodePointSet OfRange(int first, int last) => new CodePointSet().Add(first, last);

    /// <summary>Adds to this set itself, which only those do who are still making it.</summary>
    public CodePointSet Add(int first, int last)
    {
        for (var point = first; point <= last; point++) Page(point >> PageBits)[point >> 6 & (Words - 1)] |= 1UL << (point & 63);
        return this;
    }

    /// <inheritdoc cref="Add(int, int)"/>
    public void Add(CodePointSet other)
    {
        for (var page = 0; page < Pages; page++)
        {
            if (other.pages[page] == Empty) continue;
            if (other.pages[page] == Full)
            {
                pages[page] = Full;
                continue;
            }
            var words = Page(page);
            for (var i = 0; i < Words; i++) words[i] |= other.pages[page][i];
        }
    }

    public static CodePointSet OfCategories(params UnicodeCategory[] categories) => ByCategories.GetOrAdd(categories.Aggregate(0, (mask, category) => mask | 1 << (int)category), mask =>
    {
        var set = new CodePointSet();
        for (var point = 0; point < Points; point++)
            if ((mask >> (int)CharUnicodeInfo.GetUnicodeCategory(point) & 1) != 0) set.Add(point, point);
        return set;
    });

    /// <summary>A category by its short name: "Lu", "L" for all letters; null for what is no category.</summary>
    public static CodePointSet? OfName(string name)
    {
        UnicodeCategory[] named = [.. Enum.GetValues<UnicodeCategory>().Where(category => ShortName(category).StartsWith(name, StringComparison.Ordinal))];
        return name.Length is 1 or 2 && named.Length > 0 ? OfCategories(named) : null;
    }

    /// <summary>All categories whose names begin with one of the letters.</summary>
    public static CodePointSet OfMajor(string letters) =>
        OfCategories([.. Enum.GetValues<UnicodeCategory>().Where(category => letters.Contains(ShortName(category)[0]))]);

    public CodePointSet With(params ReadOnlySpan<CodePointSet> others)
    {
        var union = new CodePointSet();
        union.Add(this);
        foreach (var other in others) union.Add(other);
        return union;
    }

    public CodePointSet Negated()
    {
        var rest = new CodePointSet();
        for (var page = 0; page < Pages; page++)
            rest.pages[page] = pages[page] == Empty ? Full : pages[page] == Full ? Empty : [.. pages[page].Select(word => ~word)];
        return rest;
    }

    /// <summary>The page to write to.</summary>
    private ulong[] Page(int page) => pages[page] == Empty || pages[page] == Full ? pages[page] = [.. pages[page]] : pages[page];

    /// <summary>The letter and those that fold to the same one; only ASCII letters have others here.</summary>
    public static CodePointSet OfAnyCase(Rune rune)
    {
        var set = OfRange(rune.Value, rune.Value);
        if (!char.IsAsciiLetter((char)rune.Value) || rune.Value > 'z') return set;
        char lower = (char)(rune.Value | 0x20), upper = (char)(lower & ~0x20);
        set = set.With(OfRange(lower, lower), OfRange(upper, upper));
        return lower switch
        {
            's' => set.With(OfRange('\u017f', '\u017f')),
            'k' => set.With(OfRange('\u212a', '\u212a')),
            _ => set,
        };
    }

    private static string ShortName(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => "Lu",
        UnicodeCategory.LowercaseLetter => "Ll",
        UnicodeCategory.TitlecaseLetter => "Lt",
        UnicodeCategory.ModifierLetter => "Lm",
        UnicodeCategory.OtherLetter => "Lo",
        UnicodeCategory.NonSpacingMark => "Mn",
        UnicodeCategory.SpacingCombiningMark => "Mc",
        UnicodeCategory.EnclosingMark => "Me",
        UnicodeCategory.DecimalDigitNumber => "Nd",
        UnicodeCategory.LetterNumber => "Nl",
        UnicodeCategory.OtherNumber => "No",
        UnicodeCategory.SpaceSeparator => "Zs",
        UnicodeCategory.LineSeparator => "Zl",
        UnicodeCategory.ParagraphSeparator => "Zp",
        UnicodeCategory.Control => "Cc",
        UnicodeCategory.Format => "Cf",
        UnicodeCategory.Surrogate => "Cs",
        UnicodeCategory.PrivateUse => "Co",
        UnicodeCategory.ConnectorPunctuation => "Pc",
        UnicodeCategory.DashPunctuation => "Pd",
        UnicodeCategory.OpenPunctuation => "Ps",
        UnicodeCategory.ClosePunctuation => "Pe",
        UnicodeCategory.InitialQuotePunctuation => "Pi",
        UnicodeCategory.FinalQuotePunctuation => "Pf",
        UnicodeCategory.OtherPunctuation => "Po",
        UnicodeCategory.MathSymbol => "Sm",
        UnicodeCategory.CurrencySymbol => "Sc",
        UnicodeCategory.ModifierSymbol => "Sk",
        UnicodeCategory.OtherSymbol => "So",
        _ => "Cn",
    };
}
