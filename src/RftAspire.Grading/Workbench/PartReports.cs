using RftAspire.Contracts;
using RftAspire.Contracts.Grading.V1;

namespace RftAspire.Grading.Workbench;

/// <summary>What each single grader said and took.</summary>
internal static class PartReports
{
    /// <summary>In the order of the grader's definition.</summary>
    /// <param name="judged">The answers whose rewards are told.</param>
    /// <param name="calls">All calls, for the cost.</param>
    /// <param name="options">The job's size.</param>
    public static IEnumerable<PartReport> Of(IReadOnlyList<Graded> judged, IReadOnlyList<Graded> calls, TestOptions options)
    {
        var defaults = new Hyperparameters();
        var steps = options.HasSteps ? options.Steps : defaults.Steps;
        var rollouts = options.HasRolloutsPerStep ? options.RolloutsPerStep : defaults.PromptsPerStep * defaults.GroupSize;
        return Enumerable.Range(0, calls.Select(call => call.Result.Parts.Count).DefaultIfEmpty().Max()).Select(i =>
        {
            var parts = judged.Select(answer => answer.Result.Parts.ElementAtOrDefault(i)).OfType<Contracts.Messages.GraderPart>().ToList();
            var cost = CostOf(calls, i);
            var report = new PartReport
            {
                Name = calls.First(call => call.Result.Parts.Count > i).Result.Parts[i].Name,
                Type = calls.First(call => call.Result.Parts.Count > i).Result.Parts[i].Type,
                Count = parts.Count(part => part.Reward is not null),
                Ungraded = parts.Count(part => part.Reward is null),
                Cost = cost,
                Job = Scale(cost, (double)steps * rollouts),
            };
            if (parts.Average(part => part.Reward) is { } mean) report.Mean = mean;
            return report;
        });
    }

    private static Cost CostOf(IReadOnlyList<Graded> calls, int index)
    {
        var parts = calls.Select(call => call.Result.Parts.ElementAtOrDefault(index)).OfType<Contracts.Messages.GraderPart>().ToList();
        return new Cost
        {
            Calls = parts.Count,
            PromptTokens = parts.Sum(part => part.Tokens.Prompt),
            CompletionTokens = parts.Sum(part => part.Tokens.Completion),
            Seconds = parts.Sum(part => part.Seconds ?? 0),
        };
    }

    private static Cost Scale(Cost cost, double calls) => new()
    {
        Calls = calls,
        PromptTokens = cost.PromptTokens / cost.Calls * calls,
        CompletionTokens = cost.CompletionTokens / cost.Calls * calls,
        Seconds = cost.Seconds / cost.Calls * calls,
    };
}
