namespace RftAspire.Engine.Constraints;

/// <summary>A place in the grammar and what to do when its part ends.</summary>
internal readonly record struct StackFrame(GrammarNode Node, int Count, ConstraintState Rest);

/// <summary>
/// Where a text stands within a schema: the set of all stacks that the automaton may have after it, as a trie whose tails are states
/// themselves. Equal states are one object as long as the automaton remembers them. Immutable but for what is cached on it.
/// </summary>
public sealed class ConstraintState
{
    internal ConstraintState(StackFrame[] frames, bool holdsEmpty, int id)
    {
        (Frames, HoldsEmpty, Id) = (frames, holdsEmpty, id);
        foreach (var frame in frames)
        {
            Depth = Math.Max(Depth, 1 + frame.Rest.Depth);
            IsCounting |= frame.Count > 0 || frame.Rest.IsCounting;
        }
    }

    /// <summary>The text so far is valid against the schema as it is; more may be allowed to follow.</summary>
    public bool IsComplete => HoldsEmpty;

    /// <summary>The tops of the stacks, sorted by node and count.</summary>
    internal StackFrame[] Frames { get; }

    /// <summary>The empty stack is among them: the text may end.</summary>
    internal bool HoldsEmpty { get; }

    /// <summary>The height of the highest stack.</summary>
    internal int Depth { get; }

    /// <summary>A counter on some stack is not zero.</summary>
    internal bool IsCounting { get; }

    internal int Id { get; }

    internal bool IsDead => Frames.Length == 0 && !HoldsEmpty;

    /// <summary>The states after a byte of each class as far as known.</summary>
    internal ConstraintState?[]? Next;

    /// <summary>This state as a tail: where the automaton goes on when the frame above it has ended.</summary>
    internal ConstraintState? Resumed;

    /// <summary>The tokens allowed here.</summary>
    internal uint[]? Mask;

    /// <summary>The tokens that these frames allow before they end, and the places in the token trie where they may have ended.</summary>
    internal TokenReach? Alone;

    internal void Forget() => (Next, Resumed, Mask, Alone) = (null, null, null, null);
}

/// <summary>How far tokens lead within frames of a state that have nothing below them.</summary>
internal sealed record TokenReach(uint[] Mask, int[] Exits);
