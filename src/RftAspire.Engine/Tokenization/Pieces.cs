using System.Text;

namespace RftAspire.Engine.Tokenization;

/// <summary>A text and the pieces that pre-tokenization has made of it so far, in order; none is empty.</summary>
/// <param name="AtStart">True where <paramref name="Text"/> begins what the caller gave.</param>
internal sealed record Pieces(string Text, List<(int Start, int End)> Ranges, bool AtStart)
{
    public Pieces Split(SplitRule rule)
    {
        var finer = new List<(int, int)>(Math.Max(Ranges.Count, Text.Length / 4));
        foreach (var (start, end) in Ranges) rule.Split(Text, start, end, finer);
        return this with { Ranges = finer };
    }

    /// <summary>False once a split has removed what stood first.</summary>
    private bool BeginsAtStart => AtStart && Ranges is [{ Start: 0 }, ..];

    /// <summary>Writes every piece anew; the flag tells the one that begins the text.</summary>
    public Pieces Rewrite(Action<ReadOnlySpan<char>, bool, StringBuilder> write)
    {
        var text = new StringBuilder(Text.Length + 8);
        var ranges = new List<(int, int)>(Ranges.Count);
        foreach (var (start, end) in Ranges)
        {
            var from = text.Length;
            write(Text.AsSpan(start, end - start), AtStart && start == 0, text);
            ranges.Add((from, text.Length));
        }
        return new Pieces(text.ToString(), ranges, BeginsAtStart);
    }

    /// <summary>Spells every piece's UTF-8 bytes in the byte alphabet.</summary>
    public Pieces Spell()
    {
        // A UTF-16 unit takes three bytes at most.
        var spelt = new char[Ranges.Sum(range => 3 * (range.End - range.Start))];
        var ranges = new List<(int, int)>(Ranges.Count);
        var length = 0;
        foreach (var (start, end) in Ranges)
        {
            var from = length;
            length += ByteAlphabet.Spell(Text.AsSpan(start, end - start), spelt.AsSpan(length));
            ranges.Add((from, length));
        }
        return new Pieces(new string(spelt, 0, length), ranges, BeginsAtStart);
    }
}
