using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>What graders said of rollouts, in numbers: the curves that show which of them is learnt, and which is gamed or broken.</summary>
internal static class GraderMetrics
{
    /// <summary>For each single grader <c>grader/{name}/{mode}</c>: the mean of the rewards that it gave.</summary>
    public static IEnumerable<KeyValuePair<string, double>> Rewards(IEnumerable<GradedRollout> rollouts, string mode) =>
        from part in rollouts.SelectMany(rollout => rollout.Parts)
        where part.Reward is not null
        group part.Reward!.Value by part.Name into rewards
        select KeyValuePair.Create($"grader/{rewards.Key}/{mode}", rewards.Sum() / rewards.Count());

    /// <summary>
    /// For each single grader <c>grader/{name}/ungraded</c>, that by kind as <c>/ungraded/{kind}</c>, <c>/seconds</c> (mean) and, where it asked
    /// a model, <c>/tokens</c>, <c>/tokens/prompt</c> and <c>/tokens/completion</c> (sums); for each kind of ungraded rollout
    /// <c>ungraded/{kind}</c>.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, double>> Health(IReadOnlyCollection<GradedRollout> rollouts)
    {
        foreach (var grader in rollouts.SelectMany(rollout => rollout.Parts).GroupBy(part => part.Name))
        {
            yield return new($"grader/{grader.Key}/ungraded", grader.Count(part => part.Error is not null));
            foreach (var (kind, count) in grader.Select(part => part.Error?.Kind).OfType<string>().CountBy(kind => kind)) yield return new($"grader/{grader.Key}/ungraded/{kind}", count);
            yield return new($"grader/{grader.Key}/seconds", grader.Average(part => part.Seconds ?? 0));
            var tokens = grader.Aggregate(default(TokenUsage), (sum, part) => sum + part.Tokens);
            if (tokens == default) continue;
            yield return new($"grader/{grader.Key}/tokens", tokens.Prompt + tokens.Completion);
            yield return new($"grader/{grader.Key}/tokens/prompt", tokens.Prompt);
            yield return new($"grader/{grader.Key}/tokens/completion", tokens.Completion);
        }
        foreach (var (kind, count) in rollouts.Select(rollout => rollout.Error?.Kind).OfType<string>().CountBy(kind => kind)) yield return new($"ungraded/{kind}", count);
    }
}
