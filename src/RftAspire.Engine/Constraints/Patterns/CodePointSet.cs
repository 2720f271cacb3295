namespace RftAspire.Engine.Constraints.Patterns;

/// <summary>A set of Unicode code points as sorted ranges that neither overlap nor touch.</summary>
internal sealed class CodePointSet
{
    public const int Last = 0x10FFFF;

    public static readonly CodePointSet Any = Of((0, Last));
    public static readonly CodePointSet Digit = Of(('0', '9'));
    public static readonly CodePointSet Word = Of(('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z'));
    /// <summary>ECMAScript's \s: white space and line terminators.</summary>
    public static readonly CodePointSet Space = Of(
        ('\t', '\r'), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF));
    /// <summary>ECMAScript's dot: all but line terminators.</summary>
    public static readonly CodePointSet Dot = Of(('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029)).Complement();

    private CodePointSet(IReadOnlyList<(int Low, int High)> ranges) => Ranges = ranges;

    public IReadOnlyList<(int Low, int High)> Ranges { get; }

    public static CodePointSet Of(params IEnumerable<(int Low, int High)> ranges)
    {
        var merged = new List<(int Low, int High)>();
        foreach (var (low, high) in ranges.Order())
            if (merged.Count > 0 && low <= merged[^1].High + 1) merged[^1] = (merged[^1].Low, Math.Max(merged[^1].High, high));
            else merged.Add((low, high));
        return new CodePointSet(merged);
    }

    public CodePointSet Complement()
    {
        var gaps = new List<(int Low, int High)>();
        var next = 0;
        foreach (var (low, high) in Ranges)
        {
            if (low > next) gaps.Add((next, low - 1));
            next = high + 1;
        }
        if (next <= Last) gaps.Add((next, Last));
        return new CodePointSet(gaps);
    }
}
