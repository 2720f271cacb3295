namespace RftAspire.Engine.Constraints.Patterns;

/// <summary>
/// Thompson's automaton of a pattern (Thompson, 1968). A pattern matches anywhere in a text, as JSON Schema has it: any characters may come
/// before and after, and anchors are edges that only the beginning or the end of the text lets through.
/// </summary>
internal sealed class PatternNfa
{
    private const int MaxParts = 20_000;

    private readonly string path;
    private readonly List<State> states = [];
    private int parts;

    private PatternNfa(string path) => this.path = path;

    public enum Pass : byte { Free, AtStart, AtEnd }

    public readonly record struct Step(Pass Pass, int Target);

    public sealed record State(List<Step> Steps)
    {
        /// <summary>The characters that lead to <see cref="Next"/>, or null.</summary>
        public CodePointSet? Points { get; set; }
        public int Next { get; set; }
    }

    public IReadOnlyList<State> States => states;

    public int Start { get; private set; }

    /// <summary>Reached when the pattern has matched: the rest of the text is free.</summary>
    public int Final { get; private set; }

    public static PatternNfa Build(PatternNode pattern, string path)
    {
        var nfa = new PatternNfa(path);
        nfa.Final = nfa.AnyMore();
        nfa.Start = nfa.AnyMore();
        nfa.states[nfa.Start].Steps.Add(new Step(Pass.Free, nfa.Add(pattern, nfa.Final)));
        return nfa;
    }

    private int AnyMore()
    {
        var state = New();
        (states[state].Points, states[state].Next) = (CodePointSet.Any, state);
        return state;
    }

    /// <summary>The state from which <paramref name="node"/> leads to <paramref name="next"/>.</summary>
    private int Add(PatternNode node, int next)
    {
        // Counted as parts, not states: an empty group repeated many times has none.
        if (++parts > MaxParts) throw new SchemaException(path, $"the pattern has more than {MaxParts} parts when its repetitions are written out; lower their counts");
        switch (node)
        {
            case PatternNode.Set set:
                var state = New();
                (states[state].Points, states[state].Next) = (set.Points, next);
                return state;
            case PatternNode.Anchor anchor:
                return New(new Step(anchor.AtStart ? Pass.AtStart : Pass.AtEnd, next));
            case PatternNode.Sequence sequence:
                return sequence.Parts.Reverse().Aggregate(next, (after, part) => Add(part, after));
            case PatternNode.Choice choice:
                return New([.. choice.Options.Select(option => new Step(Pass.Free, Add(option, next)))]);
            default:
                return AddRepeat((PatternNode.Repeat)node, next);
        }
    }

    private int AddRepeat(PatternNode.Repeat repeat, int next)
    {
        var entry = next;
        if (repeat.Max is not { } max)
        {
            entry = New(new Step(Pass.Free, next));
            states[entry].Steps.Add(new Step(Pass.Free, Add(repeat.Body, entry)));
        }
        else
        {
            for (var i = repeat.Min; i < max; i++) entry = New(new Step(Pass.Free, Add(repeat.Body, entry)), new Step(Pass.Free, next));
        }
        for (var i = 0; i < repeat.Min; i++) entry = Add(repeat.Body, entry);
        return entry;
    }

    private int New(params IEnumerable<Step> steps)
    {
        states.Add(new State([.. steps]));
        return states.Count - 1;
    }
}
