using System.Text;

namespace RftAspire.Engine.Tokenization.Patterns;

/// <summary>
/// A regular expression of tokenizer.json in the meaning of Oniguruma's Ruby syntax, over code points. .NET's own works on UTF-16
/// units, disagrees on some classes and is bounded by time alone; this one gives the same pieces, or the same refusal, everywhere.
/// </summary>
internal sealed class Pattern
{
    private readonly PatternNode root;
    private readonly int loops;
    private readonly bool[] mayStart = new bool[128];

    public Pattern(PatternNode root, int loops)
    {
        (this.root, this.loops) = (root, loops);
        for (var c = '\0'; c < 128; c++) mayStart[c] = root.MayStart(c);
    }

    /// <exception cref="NotSupportedException">The expression is malformed or uses what is not supported.</exception>
    public static Pattern Parse(string expression) => PatternParser.Parse(expression);

    public static Pattern OneOf(CodePointSet set) => new(new SetNode(set, new AcceptNode()), 0);

    public static Pattern Literal(string text) => new(text.EnumerateRunes().Reverse().Aggregate<Rune, PatternNode>(new AcceptNode(),
        (next, rune) => new SetNode(CodePointSet.OfRange(rune.Value, rune.Value), next)), 0);

    /// <summary>
    /// The matches from left to right, none overlapping. One may be empty, though not at the end of the one before.
    /// </summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="matches">Cleared, then filled.</param>
    /// <exception cref="TokenizationException">The search exceeds its bound of steps.</exception>
    public void FindAll(ReadOnlySpan<char> text, List<(int Start, int End)> matches)
    {
        matches.Clear();
        Span<(int, int)> failed = loops <= 64 ? stackalloc (int, int)[loops] : new (int, int)[loops];
        failed.Fill((int.MaxValue, -1));
        var scan = new PatternScan(text, failed);
        var lastEnd = -1;
        for (var position = 0; position <= text.Length;)
        {
            var end = position == text.Length || text[position] >= 128 || mayStart[text[position]] ? root.Match(ref scan, position) : -1;
            if (end > position || (end == position && end != lastEnd))
            {
                matches.Add((position, end));
                (position, lastEnd) = (end, end);
            }
            else
            {
                position += position + 1 < text.Length && char.IsHighSurrogate(text[position]) ? 2 : 1;
            }
        }
    }
}
