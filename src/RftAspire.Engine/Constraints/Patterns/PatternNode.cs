namespace RftAspire.Engine.Constraints.Patterns;

/// <summary>The syntax tree of a regular expression.</summary>
internal abstract record PatternNode
{
    public sealed record Set(CodePointSet Points) : PatternNode;

    public sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode;

    public sealed record Choice(IReadOnlyList<PatternNode> Options) : PatternNode;

    /// <summary>From <paramref name="Min"/> to <paramref name="Max"/> times; without a maximum where it is null.</summary>
    public sealed record Repeat(PatternNode Body, int Min, int? Max) : PatternNode;

    /// <summary>'^' and '$'.</summary>
    public sealed record Anchor(bool AtStart) : PatternNode;
}
