namespace RftAspire.Engine.Constraints;

/// <summary>
/// How deep each node must nest on its way to an end. A node without any way is unproductive, and edges to it go: then every
/// text that the automaton lets begin can also end, and within the limit of depth.
/// </summary>
internal static class GrammarHeights
{
    /// <summary>Lowers the heights, which all start as unproductive, until they are the least that fit together; prunes what remains.</summary>
    public static void Settle(IReadOnlyList<GrammarNode> nodes)
    {
        var users = Users(nodes);
        var open = new Queue<GrammarNode>(nodes.Where(node => node.Accepts));
        foreach (var node in open) node.Height = 0;
        while (open.TryDequeue(out var node))
            foreach (var user in users[node.Id])
                if (Height(user) is var height && height < user.Height)
                {
                    user.Height = height;
                    open.Enqueue(user);
                }
        foreach (var node in nodes) Prune(node);
    }

    private static int Height(GrammarNode node)
    {
        var height = node.Accepts ? 0 : GrammarNode.Unproductive;
        foreach (var edge in node.Edges) height = Math.Min(height, edge.Target.Height);
        foreach (var target in node.Epsilon) height = Math.Min(height, target.Height);
        foreach (var call in node.Calls) height = Math.Min(height, Math.Max(1 + call.Callee.Height, call.Return.Height));
        return height;
    }

    private static List<GrammarNode>[] Users(IReadOnlyList<GrammarNode> nodes)
    {
        var users = nodes.Select(_ => new List<GrammarNode>(1)).ToArray();
        foreach (var node in nodes)
            foreach (var used in node.Edges.Select(edge => edge.Target).Concat(node.Epsilon).Concat(node.Calls.SelectMany(call => new[] { call.Callee, call.Return })).Distinct())
                users[used.Id].Add(node);
        return users;
    }

    private static void Prune(GrammarNode node)
    {
        node.Edges.RemoveAll(edge => !edge.Target.IsProductive);
        node.Epsilon.RemoveAll(target => !target.IsProductive);
        node.Calls.RemoveAll(call => !call.Callee.IsProductive || !call.Return.IsProductive);
    }
}
