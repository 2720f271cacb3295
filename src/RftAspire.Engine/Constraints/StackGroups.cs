namespace RftAspire.Engine.Constraints;

/// <summary>Stacks gathered by their top: for each node and count the tails below it.</summary>
internal sealed class StackGroups
{
    private readonly Dictionary<(GrammarNode Node, int Count), List<ConstraintState>> groups = [];

    public List<ConstraintState> this[GrammarNode node, int count] => groups[(node, count)];

    /// <summary>Adds a stack or several; true where none had this top.</summary>
    public bool Add(StackFrame frame)
    {
        if (groups.TryGetValue((frame.Node, frame.Count), out var tails))
        {
            tails.Add(frame.Rest);
            return false;
        }
        groups[(frame.Node, frame.Count)] = [frame.Rest];
        return true;
    }

    /// <summary>Frames of different tops in the order of nodes and counts; the tails of each are united.</summary>
    public StackFrame[] Frames(StackAutomaton automaton, bool onlyReading) =>
        [.. groups.Where(group => !onlyReading || group.Key.Node.Edges.Count > 0)
            .OrderBy(group => group.Key.Node.Id).ThenBy(group => group.Key.Count)
            .Select(group => new StackFrame(group.Key.Node, group.Key.Count, automaton.Union(group.Value)))];

    public void Clear() => groups.Clear();
}
