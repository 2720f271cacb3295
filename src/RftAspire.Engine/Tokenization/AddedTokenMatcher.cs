using System.Buffers;
using System.Text;
using RftAspire.Engine.Tokenization.Patterns;

namespace RftAspire.Engine.Tokenization;

/// <summary>Finds added tokens in a text: the leftmost, and of several at one place the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private static readonly CodePointSet Word = CodePointSet.Word.With(CodePointSet.OfRange(0x200C, 0x200D));

    private readonly Dictionary<string, AddedToken> tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<char, int[]> lengthsByFirstChar;
    private readonly SearchValues<char> firstChars;

    /// <param name="tokens">Each token with the text it is found by.</param>
    public AddedTokenMatcher(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        foreach (var (text, token) in tokens) this.tokens.TryAdd(text, token);
        lengthsByFirstChar = this.tokens.Keys.GroupBy(text => text[0])
            .ToDictionary(group => group.Key, group => group.Select(text => text.Length).Distinct().OrderDescending().ToArray());
        firstChars = SearchValues.Create([.. lengthsByFirstChar.Keys]);
    }

    /// <summary>The text as stretches in order, each a token with what it strips around it or, without one, plain text.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="allowSpecial">False takes special tokens for plain text; what lies within them is not searched again.</param>
    public List<(int Start, int End, AddedToken? Token)> Find(string text, bool allowSpecial)
    {
        var parts = new List<(int, int, AddedToken?)>();
        var (position, done) = (0, 0);
        while (Next(text, position) is var (start, length, token))
        {
            var end = position = start + length;
            if ((token.Special && !allowSpecial) || (token.SingleWord && !StandsAlone(text, start, end))) continue;
            if (token.LStrip) start = Math.Max(done, text.AsSpan(0, start).TrimEnd().Length);
            if (token.RStrip) end = text.Length - text.AsSpan(end).TrimStart().Length;
            if (start > done) parts.Add((done, start, null));
            parts.Add((start, end, token));
            done = end;
        }
        if (text.Length > done) parts.Add((done, text.Length, null));
        return parts;
    }

    private (int Start, int Length, AddedToken Token)? Next(string text, int position)
    {
        var lookup = tokens.GetAlternateLookup<ReadOnlySpan<char>>();
        while (text.AsSpan(position).IndexOfAny(firstChars) is >= 0 and var found)
        {
            position += found;
            foreach (var length in lengthsByFirstChar[text[position]])
                if (position + length <= text.Length && lookup.TryGetValue(text.AsSpan(position, length), out var token)) return (position, length, token);
            position++;
        }
        return null;
    }

    private static bool StandsAlone(string text, int start, int end)
    {
        Rune.DecodeLastFromUtf16(text.AsSpan(0, start), out var before, out _);
        Rune.DecodeFromUtf16(text.AsSpan(end), out var after, out _);
        return (start == 0 || !Word.Contains(before.Value)) && (end == text.Length || !Word.Contains(after.Value));
    }
}
