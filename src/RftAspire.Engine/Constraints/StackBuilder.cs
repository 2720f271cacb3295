namespace RftAspire.Engine.Constraints;

/// <summary>
/// Collects the stacks of one state: follows what consumes nothing from each frame, and then unites the tails of frames that are
/// otherwise alike, so that a state has at most as many tops as the grammar has places.
/// </summary>
internal sealed class StackBuilder(StackAutomaton automaton)
{
    private readonly Stack<StackFrame> open = [];
    private readonly HashSet<StackFrame> seen = [];
    private readonly StackGroups tops = new();
    private readonly List<(GrammarNode Node, int Count)> callers = [];
    private readonly HashSet<ConstraintState> ended = [];
    private bool holdsEmpty;

    public void Add(GrammarNode node, int count, ConstraintState rest) => open.Push(new StackFrame(node, count, rest));

    /// <summary>Goes on where a frame above <paramref name="rest"/> has ended.</summary>
    public void AddEnd(ConstraintState rest)
    {
        if (!ended.Add(rest)) return;
        holdsEmpty |= rest.HoldsEmpty;
        foreach (var frame in rest.Frames) open.Push(frame);
    }

    /// <summary>The state of all that was added since the last call.</summary>
    public ConstraintState Finish()
    {
        Spread();
        Enter();
        Spread();
        var state = automaton.Intern(tops, holdsEmpty, onlyReading: true);
        Clear();
        return state;
    }

    public void Clear()
    {
        open.Clear();
        seen.Clear();
        tops.Clear();
        callers.Clear();
        ended.Clear();
        holdsEmpty = false;
    }

    private void Spread()
    {
        while (open.TryPop(out var frame))
        {
            automaton.Spend(1);
            // A frame that could not end within the depth is left out at once, not where it first asks for more.
            if (!seen.Add(frame) || frame.Rest.Depth + frame.Node.Height > JsonSchemaConstraint.MaxDepth) continue;
            if (tops.Add(frame) && frame.Node.Calls.Count > 0) callers.Add((frame.Node, frame.Count));
            foreach (var target in frame.Node.Epsilon) open.Push(frame with { Node = target });
            if (frame.Node.Accepts) AddEnd(frame.Rest);
        }
    }

    /// <summary>
    /// Makes the calls, each callee once with the union of its callers' tails: a thousand callers of one value are one call, not a thousand.
    /// No value begins with a call or is empty, so callees lead neither to further calls nor to an end.
    /// </summary>
    private void Enter()
    {
        var callees = new Dictionary<GrammarNode, List<ConstraintState>>();
        foreach (var (node, count) in callers)
        {
            var rest = automaton.Union(tops[node, count]);
            foreach (var call in node.Calls)
            {
                automaton.Spend(1);
                var next = node.Limits.After(count, call.Counting);
                if (next < 0 || rest.Depth + Math.Max(1 + call.Callee.Height, call.Return.Height) > JsonSchemaConstraint.MaxDepth) continue;
                if (!callees.TryGetValue(call.Callee, out var tails)) callees[call.Callee] = tails = [];
                tails.Add(automaton.Single(call.Return, next, rest));
            }
        }
        foreach (var (callee, tails) in callees) Add(callee, 0, automaton.Union(tails));
    }
}
