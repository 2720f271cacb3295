using System.Runtime.InteropServices;

namespace RftAspire.Engine.Constraints;

/// <summary>
/// The deterministic automaton over bytes behind a schema, made as it is walked. Its states are sets of stacks; equal ones are one
/// object, and what is known of them is kept on them. When they take more than the capacity all is forgotten and found anew: states
/// that callers hold stay good. Not for use by several threads, except for <see cref="Known"/>.
/// </summary>
internal sealed class StackAutomaton
{
    private readonly JsonSchemaConstraint schema;
    private readonly long capacity;
    private readonly long maxWork;
    private readonly StackBuilder builder;
    private readonly HashSet<ConstraintState> states = new(new SameStacks());
    private readonly Dictionary<string, ConstraintState> unions = new(StringComparer.Ordinal);
    private int nextId;
    private long size;
    private long work;

    /// <param name="schema">What is to be accepted.</param>
    /// <param name="capacity">In bytes, about.</param>
    /// <param name="maxWork">A piece of work over more frames is refused.</param>
    public StackAutomaton(JsonSchemaConstraint schema, long capacity, long maxWork)
    {
        (this.schema, this.capacity, this.maxWork) = (schema, capacity, maxWork);
        builder = new StackBuilder(this);
        Dead = Intern([], holdsEmpty: false);
        Empty = Intern([], holdsEmpty: true);
        builder.Add(schema.Start, 0, Empty);
        Start = builder.Finish();
    }

    public ConstraintState Start { get; }

    /// <summary>The text is over and nothing may follow.</summary>
    public ConstraintState Empty { get; }

    /// <summary>The text is not the beginning of any valid one.</summary>
    public ConstraintState Dead { get; }

    public int Count => states.Count;

    /// <summary>Begins a piece of work that is bounded; what an exception has left half done goes.</summary>
    public void Begin()
    {
        work = 0;
        builder.Clear();
    }

    public void Spend(int frames)
    {
        if ((work += frames) > maxWork) throw new SchemaException("#", "the schema leaves too many readings of one text open; make the options of its 'anyOf' and patterns tell apart sooner");
    }

    /// <summary>The state after a byte if it has been worked out. For any thread.</summary>
    public ConstraintState? Known(ConstraintState state, byte value) =>
        Volatile.Read(ref state.Next) is { } next ? Volatile.Read(ref next[schema.ClassOfByte[value]]) : null;

    public ConstraintState Step(ConstraintState state, byte value)
    {
        if (Known(state, value) is { } known) return known;
        var symbol = schema.ClassOfByte[value];
        if (size > capacity) Forget();
        foreach (var (node, count, rest) in state.Frames)
            foreach (var edge in node.Edges)
                if (edge.Low <= value && value <= edge.High && node.Limits.After(count, edge.Counting) is >= 0 and var next) builder.Add(edge.Target, next, rest);
        var reached = builder.Finish();
        if (state.Next is null)
        {
            Charge(8L * schema.Classes);
            Volatile.Write(ref state.Next, new ConstraintState?[schema.Classes]);
        }
        Volatile.Write(ref state.Next[symbol], reached);
        return reached;
    }

    /// <summary>Where the automaton goes on when the frame above <paramref name="rest"/> has ended.</summary>
    public ConstraintState Resume(ConstraintState rest)
    {
        if (rest.Resumed is { } known) return known;
        builder.AddEnd(rest);
        return rest.Resumed = builder.Finish();
    }

    /// <summary>The frames with nothing below them.</summary>
    public ConstraintState OnTheirOwn(IEnumerable<StackFrame> frames) => Intern([.. frames.Select(frame => frame with { Rest = Empty })], holdsEmpty: false);

    /// <summary>The state that stands for all those with the same future over the next <paramref name="bytes"/> bytes but for their counters.</summary>
    public ConstraintState Representative(ConstraintState state, int bytes, Dictionary<ConstraintState, ConstraintState>? known = null)
    {
        if (!state.IsCounting) return state;
        known ??= [];
        if (known.TryGetValue(state, out var found)) return found;
        var groups = new StackGroups();
        var changed = false;
        foreach (var frame in state.Frames)
        {
            var kin = new StackFrame(frame.Node, frame.Node.Limits.Representative(frame.Count, bytes), Representative(frame.Rest, bytes, known));
            changed |= kin != frame;
            groups.Add(kin);
        }
        return known[state] = changed ? Intern(groups, state.HoldsEmpty) : state;
    }

    public ConstraintState Single(GrammarNode node, int count, ConstraintState rest) => Intern([new StackFrame(node, count, rest)], holdsEmpty: false);

    public ConstraintState Intern(StackGroups groups, bool holdsEmpty, bool onlyReading = false) => Intern(groups.Frames(this, onlyReading), holdsEmpty);

    /// <summary>The stacks of all the states.</summary>
    public ConstraintState Union(List<ConstraintState> tails)
    {
        if (tails.Count == 1) return tails[0];
        var distinct = tails.DistinctBy(tail => tail.Id).OrderBy(tail => tail.Id).ToArray();
        if (distinct.Length == 1) return distinct[0];
        var key = new string(MemoryMarshal.Cast<int, char>(distinct.Select(tail => tail.Id).ToArray()));
        if (unions.TryGetValue(key, out var known)) return known;
        var groups = new StackGroups();
        foreach (var frame in distinct.SelectMany(tail => tail.Frames)) groups.Add(frame);
        Spend(distinct.Length);
        Charge((2L * key.Length) + 64);
        return unions[key] = Intern(groups, distinct.Any(tail => tail.HoldsEmpty));
    }

    /// <summary>Counts memory that is kept on a state, in bytes.</summary>
    public void Charge(long bytes) => size += bytes;

    private ConstraintState Intern(StackFrame[] frames, bool holdsEmpty)
    {
        var state = new ConstraintState(frames, holdsEmpty, nextId);
        if (states.TryGetValue(state, out var known)) return known;
        nextId++;
        states.Add(state);
        Charge(120 + (24L * frames.Length));
        return state;
    }

    /// <summary>States point to one another, so those that a caller holds must let go of the rest.</summary>
    private void Forget()
    {
        foreach (var state in states) state.Forget();
        states.Clear();
        unions.Clear();
        size = 0;
        foreach (var state in new[] { Dead, Empty, Start }) states.Add(state);
    }

    private sealed class SameStacks : IEqualityComparer<ConstraintState>
    {
        public bool Equals(ConstraintState? x, ConstraintState? y) => x!.HoldsEmpty == y!.HoldsEmpty && x.Frames.AsSpan().SequenceEqual(y.Frames);

        public int GetHashCode(ConstraintState state)
        {
            var hash = new HashCode();
            hash.Add(state.HoldsEmpty);
            foreach (var (node, count, rest) in state.Frames)
            {
                hash.Add(node.Id);
                hash.Add(count);
                hash.Add(rest.Id);
            }
            return hash.ToHashCode();
        }
    }
}
