using RftAspire.Contracts.Messages;

namespace RftAspire.Grading;

/// <summary>Either a reward or the reason why there is none.</summary>
public abstract record GradeResult
{
    private GradeResult()
    {
    }

    /// <summary>A finite number; from 0 to 1 unless the grader's author says otherwise.</summary>
    public sealed record Reward(double Value) : GradeResult;

    /// <summary>The answer cannot be judged, which says nothing about its quality.</summary>
    public sealed record Ungraded(string Kind, string Message) : GradeResult;

    /// <summary>What the grader says of the answer in words.</summary>
    public string? Explanation { get; init; }

    /// <summary>Tokens that model graders took.</summary>
    public TokenUsage Tokens { get; init; }

    /// <summary>The results of the single graders behind this one; filled by <see cref="GraderFactory"/>'s graders.</summary>
    public IReadOnlyList<GraderPart> Parts { get; init; } = [];

    internal static Ungraded InvalidReference(string message) => new("invalid_reference", message);
}
