using System.Text;

namespace RftAspire.Engine.Constraints;

/// <summary>Edges over the UTF-8 bytes of a range of code points, less those that a JSON string must escape.</summary>
internal static class Utf8Ranges
{
    /// <summary>Ranges within which all code points have as many bytes; surrogates and characters to escape lie between them.</summary>
    private static readonly (int Low, int High)[] Plain =
        [(0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)];

    /// <summary>The counter moves on the first byte, so that a character begun is a character counted.</summary>
    public static void Add(Grammar grammar, GrammarNode from, int low, int high, GrammarNode to, CountLimits? limits = null, Counting counting = Counting.Keep)
    {
        foreach (var (first, last) in Plain)
            if (Math.Max(low, first) is var a && Math.Min(high, last) is var b && a <= b)
                Add(grammar, from, Bytes(a), Bytes(b), to, limits, counting);
    }

    private static void Add(Grammar grammar, GrammarNode from, ReadOnlySpan<byte> low, ReadOnlySpan<byte> high, GrammarNode to, CountLimits? limits, Counting counting)
    {
        var (first, last) = (low[0], high[0]);
        if (low.Length == 1)
        {
            from.On(first, last, to, counting);
            return;
        }
        if (first == last)
        {
            AddRest(first, first, low[1..], high[1..]);
            return;
        }
        // The ends of the range need their own continuations unless they begin or complete a block.
        Span<byte> least = stackalloc byte[low.Length - 1], most = stackalloc byte[low.Length - 1];
        least.Fill(0x80);
        most.Fill(0xBF);
        if (low[1..].IndexOfAnyExcept((byte)0x80) >= 0) AddRest(first, first++, low[1..], most);
        var tail = high[1..].IndexOfAnyExcept((byte)0xBF) >= 0;
        if (first <= last - (tail ? 1 : 0)) AddRest(first, tail ? last - 1 : last, least, most);
        if (tail) AddRest(last, last, least, high[1..]);

        void AddRest(int lead, int lastLead, ReadOnlySpan<byte> restLow, ReadOnlySpan<byte> restHigh)
        {
            var whole = restLow.IndexOfAnyExcept((byte)0x80) < 0 && restHigh.IndexOfAnyExcept((byte)0xBF) < 0;
            var rest = whole ? grammar.Continuation(to, restLow.Length, limits) : grammar.Node(limits);
            from.On(lead, lastLead, rest, counting);
            if (!whole) Add(grammar, rest, restLow, restHigh, to, limits, Counting.Keep);
        }
    }

    private static byte[] Bytes(int codePoint) => Encoding.UTF8.GetBytes(new Rune(codePoint).ToString());
}
