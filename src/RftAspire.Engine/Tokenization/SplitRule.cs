using RftAspire.Engine.Tokenization.Patterns;

namespace RftAspire.Engine.Tokenization;

/// <summary>What becomes of a split pattern's matches: pieces of their own, nothing, or parts of their neighbours.</summary>
internal enum SplitBehavior { Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous }

/// <summary>Which pieces a pattern makes of a text. An inverted rule takes what lies between the matches for the matches.</summary>
internal sealed class SplitRule(Pattern pattern, SplitBehavior behavior = SplitBehavior.Isolated, bool inverted = false)
{
    public const string Gpt2Pattern =
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Letters, digits and punctuation, each with the space before it.</summary>
    public const string WordPattern = @" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public SplitRule(string expression) : this(Pattern.Parse(expression))
    {
    }

    /// <summary>Splits [start, end) of the text as if nothing stood around it.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="pieces">Gets the pieces in order; none is empty.</param>
    /// <exception cref="TokenizationException">The search exceeds its bound of steps.</exception>
    public void Split(string text, int start, int end, List<(int Start, int End)> pieces)
    {
        var builder = new PieceBuilder(behavior, start, pieces);
        var matches = new List<(int, int)>();
        pattern.FindAll(text.AsSpan(start, end - start), matches);
        var gap = 0;
        foreach (var (from, to) in matches)
        {
            if (from > gap) builder.Take(gap, from, inverted);
            builder.Take(from, to, !inverted);
            gap = to;
        }
        if (end - start > gap) builder.Take(gap, end - start, inverted);
        builder.Close();
    }

    /// <summary>Joins gaps and matches, which come in order, to pieces. Matches may be empty.</summary>
    private struct PieceBuilder(SplitBehavior behavior, int offset, List<(int Start, int End)> pieces)
    {
        private int start, end;
        private bool wasMatch;

        public void Take(int from, int to, bool isMatch)
        {
            if (!Joins(isMatch))
            {
                Close();
                start = behavior == SplitBehavior.Removed && isMatch ? to : from;
            }
            (end, wasMatch) = (to, isMatch);
        }

        public readonly void Close()
        {
            if (end > start) pieces.Add((offset + start, offset + end));
        }

        private readonly bool Joins(bool isMatch) => behavior switch
        {
            SplitBehavior.Contiguous => isMatch == wasMatch,
            SplitBehavior.MergedWithPrevious => isMatch && !wasMatch,
            SplitBehavior.MergedWithNext => !isMatch && wasMatch,
            _ => false,
        };
    }
}
