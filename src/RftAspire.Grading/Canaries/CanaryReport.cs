using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;
using RftAspire.Grading.Python;
using RftAspire.Grading.Remote;

namespace RftAspire.Grading.Canaries;

/// <summary>What a grader gave to the canaries.</summary>
/// <param name="Scores">For each canary the single graders, in the order of the definition.</param>
/// <param name="Fault">Code and message of why the grader must not be trained on; null where it may.</param>
public sealed record CanaryReport(IReadOnlyList<CanaryScore> Scores, (string Code, string Message)? Fault)
{
    // Nothing was graded because nobody answered: the job would only find out after sampling.
    private static readonly string[] s_absent =
    [
        JudgeFailureKind.Unavailable, JudgeFailureKind.Rejected, JudgeFailureKind.Timeout, RemoteFault.Unavailable, PythonFaults.SandboxUnavailable,
    ];

    /// <summary>Gives every canary to the grader on each of the rows.</summary>
    /// <param name="definition">The grader as data.</param>
    /// <param name="grader">The grader at work.</param>
    /// <param name="rows">Rows of the training file.</param>
    /// <param name="mark">Share of a judge's range above which a canary's mean stops the job, unless its definition has a mark of its own.</param>
    /// <param name="jobId">The job that asks.</param>
    /// <param name="cancellation">Ends the check.</param>
    public static async Task<CanaryReport> OfAsync(
        GraderDefinition definition, IGrader grader, IReadOnlyList<PromptRow> rows, double mark, string? jobId, CancellationToken cancellation)
    {
        var scores = new List<CanaryScore>();
        (string, string)? fault = null;
        foreach (var canary in Canary.All)
        {
            var results = await Task.WhenAll(rows.Select(row => grader.GradeAsync(
                new GradeRequest(row.Item, new Sample(canary.Answer(row))) { JobId = jobId }, cancellation).AsTask()));
            foreach (var leaf in definition.Leaves)
            {
                var parts = results.SelectMany(result => result.Parts).Where(part => part.Name == leaf.Name).ToList();
                var score = Score(canary, leaf, parts);
                scores.Add(score);
                fault ??= Absence(leaf, parts) ?? Gullibility(leaf, score, mark);
            }
        }
        return new CanaryReport(scores, fault);
    }

    private static CanaryScore Score(Canary canary, GraderDefinition leaf, List<GraderPart> parts)
    {
        var rewards = parts.Select(part => part.Reward).OfType<double>().ToList();
        return new CanaryScore(canary.Name, leaf.Name, rewards.Count == 0 ? null : rewards.Sum() / rewards.Count, parts.Count - rewards.Count);
    }

    private static (string, string)? Absence(GraderDefinition leaf, List<GraderPart> parts) =>
        parts.Count > 0 && parts.All(part => s_absent.Contains(part.Error?.Kind))
            ? ("grader_unavailable", $"grader '{leaf.Name}' ({leaf.Type}) graded none of {parts.Count} trial answers, {parts[0].Error!.Kind}: {parts[0].Error!.Message}")
            : null;

    private static (string, string)? Gullibility(GraderDefinition leaf, CanaryScore score, double platformMark)
    {
        if (leaf is not JudgedDefinition { Range: var (min, max) } judged || score.Reward is not { } reward) return null;
        var (share, mark) = ((reward - min) / (max - min), judged.CanaryMark ?? platformMark);
        if (share <= mark) return null;
        return ("gullible_grader", FormattableString.Invariant(
            $"grader '{leaf.Name}' ({leaf.Type}) rewards a worthless answer: the canary '{score.Canary}' gets {reward:0.###} of {min} to {max} on average, above the mark of {mark:0.##}; ")
            + "make the rubric stricter, compare with a reference, take a better judge, or raise canary_mark if such an answer may be right");
    }
}
