using System.Numerics;

namespace RftAspire.Engine.Tokenization.Patterns;

/// <summary>What one search over a text remembers.</summary>
internal ref struct PatternScan(ReadOnlySpan<char> text, Span<(int From, int To)> failed)
{
    // Patterns of known tokenizers take some ten steps a character; a crafted one must not hold a service for ever.
    private const long StepsPerCharacter = 1000, LeastSteps = 1_000_000;

    private readonly long most = LeastSteps + (StepsPerCharacter * text.Length);
    private long steps;

    public ReadOnlySpan<char> Text { get; } = text;

    /// <summary>For each loop the stretch in which it is known to lead nowhere, so that no search walks it again.</summary>
    public Span<(int From, int To)> Failed { get; } = failed;

    public void Spend(long count)
    {
        if ((steps += count) > most) throw new TokenizationException($"a split pattern takes more than {most} steps for a text of {Text.Length} characters");
    }

    /// <summary>Where the code point at the position ends if the set holds it, else -1.</summary>
    public readonly int Take(CodePointSet set, int position)
    {
        if (position >= Text.Length) return -1;
        var c = Text[position];
        if (!char.IsHighSurrogate(c) || position + 1 == Text.Length) return set.Contains(c) ? position + 1 : -1;
        return set.Contains(char.ConvertToUtf32(c, Text[position + 1])) ? position + 2 : -1;
    }

    public readonly int Before(int position) => position - (position > 1 && char.IsLowSurrogate(Text[position - 1]) ? 2 : 1);
}

/// <summary>A part of a pattern with all that follows it; a match is the first that backtracking finds, as in Perl.</summary>
internal abstract class PatternNode
{
    /// <summary>Where a match that begins at the position ends, or -1.</summary>
    public abstract int Match(ref PatternScan scan, int position);

    /// <summary>False only where no match begins with this ASCII character.</summary>
    public virtual bool MayStart(char ascii) => true;
}

internal sealed class AcceptNode : PatternNode
{
    public override int Match(ref PatternScan scan, int position) => position;
}

/// <summary>One code point of a set.</summary>
internal sealed class SetNode(CodePointSet set, PatternNode next) : PatternNode
{
    public override int Match(ref PatternScan scan, int position) =>
        scan.Take(set, position) is >= 0 and var end ? next.Match(ref scan, end) : -1;

    public override bool MayStart(char ascii) => set.Contains(ascii);
}

/// <summary>Any number of code points of a set, as many as possible first.</summary>
internal sealed class SetLoopNode(CodePointSet set, int index, PatternNode next) : PatternNode
{
    public override int Match(ref PatternScan scan, int position)
    {
        ref var failed = ref scan.Failed[index];
        if (position >= failed.From && position <= failed.To) return -1;
        var end = position;
        while (end != failed.From && scan.Take(set, end) is >= 0 and var after) end = after;
        scan.Spend(end - position);
        var runEnd = end == failed.From ? failed.To : end;
        // From here on the failed stretch was tried before: what follows depends on the place alone.
        for (var tried = end == failed.From ? Back(ref scan, position, end) : end; tried >= position; tried = Back(ref scan, position, tried))
            if (next.Match(ref scan, tried) is >= 0 and var found) return found;
        scan.Failed[index] = (position, runEnd);
        return -1;
    }

    public override bool MayStart(char ascii) => set.Contains(ascii) || next.MayStart(ascii);

    private static int Back(ref PatternScan scan, int least, int position) => position > least ? scan.Before(position) : -1;
}

/// <summary>All the code points of a set that follow, with no way back.</summary>
internal sealed class PossessiveSetNode(CodePointSet set, PatternNode next) : PatternNode
{
    public override int Match(ref PatternScan scan, int position)
    {
        var end = position;
        while (scan.Take(set, end) is >= 0 and var after) end = after;
        scan.Spend(end - position);
        return next.Match(ref scan, end);
    }

    public override bool MayStart(char ascii) => set.Contains(ascii) || next.MayStart(ascii);
}

/// <summary>One of several, tried in order. An ASCII character rules out those that cannot begin with it.</summary>
internal sealed class AlternativesNode : PatternNode
{
    public const int Most = 64;

    private readonly PatternNode[] nodes;
    private readonly ulong[] candidates = new ulong[128];

    public AlternativesNode(PatternNode[] nodes)
    {
        this.nodes = nodes;
        for (var c = '\0'; c < 128; c++)
            for (var i = 0; i < nodes.Length; i++)
                if (nodes[i].MayStart(c)) candidates[c] |= 1UL << i;
    }

    public override int Match(ref PatternScan scan, int position)
    {
        scan.Spend(1);
        var all = ulong.MaxValue >> (Most - nodes.Length);
        for (var left = position < scan.Text.Length && scan.Text[position] < 128 ? candidates[scan.Text[position]] : all; left != 0; left &= left - 1)
            if (nodes[BitOperations.TrailingZeroCount(left)].Match(ref scan, position) is >= 0 and var end) return end;
        return -1;
    }

    public override bool MayStart(char ascii) => candidates[ascii] != 0;
}

/// <summary>Any number of times a part that is never empty, as often as possible first.</summary>
internal sealed class RepeatNode(PatternNode next) : PatternNode
{
    public PatternNode? Body { get; set; }

    public override int Match(ref PatternScan scan, int position)
    {
        scan.Spend(1);
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TokenizationException("a repeated group of a split pattern nests too deep for this text");
        return Body!.Match(ref scan, position) is >= 0 and var end ? end : next.Match(ref scan, position);
    }

    public override bool MayStart(char ascii) => Body?.MayStart(ascii) != false || next.MayStart(ascii);
}

/// <summary>The first match of a part, with no way back into it.</summary>
internal sealed class AtomicNode(PatternNode inner, PatternNode next) : PatternNode
{
    public override int Match(ref PatternScan scan, int position) =>
        inner.Match(ref scan, position) is >= 0 and var end ? next.Match(ref scan, end) : -1;
}

/// <summary>Holds where a part does, or does not, match ahead.</summary>
internal sealed class LookAheadNode(PatternNode inner, bool expected, PatternNode next) : PatternNode
{
    public override int Match(ref PatternScan scan, int position)
    {
        scan.Spend(1);
        return inner.Match(ref scan, position) >= 0 == expected ? next.Match(ref scan, position) : -1;
    }
}

/// <summary>Holds where a part of a fixed number of code points does, or does not, match right before.</summary>
internal sealed class LookBehindNode(PatternNode inner, int width, bool expected, PatternNode next) : PatternNode
{
    public override int Match(ref PatternScan scan, int position)
    {
        scan.Spend(1);
        var start = position;
        for (var i = 0; i < width && start >= 0; i++) start = start == 0 ? -1 : scan.Before(start);
        return (start >= 0 && inner.Match(ref scan, start) >= 0) == expected ? next.Match(ref scan, position) : -1;
    }
}

/// <summary>A place: 'A' and 'z' the text's ends, '^' and '$' those of a line.</summary>
internal sealed class AnchorNode(char kind, PatternNode next) : PatternNode
{
    public override int Match(ref PatternScan scan, int position) => Holds(scan.Text, position) ? next.Match(ref scan, position) : -1;

    private bool Holds(ReadOnlySpan<char> text, int position) => kind switch
    {
        'A' => position == 0,
        'z' => position == text.Length,
        '^' => position == 0 || (position < text.Length && text[position - 1] == '\n'),
        _ => position == text.Length || text[position] == '\n',
    };
}
