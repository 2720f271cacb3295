using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>The numbers of an eval under the field's names.</summary>
internal static class EvalMetrics
{
    /// <param name="greedy">One answer a row.</param>
    /// <param name="sampled">Several answers a row, or none at all.</param>
    /// <param name="time">What it took.</param>
    public static Dictionary<string, double> Create(IReadOnlyList<PromptGroupGraded> greedy, IReadOnlyList<PromptGroupGraded> sampled, TimeSpan time)
    {
        var groups = greedy.Concat(sampled).ToList();
        var all = Rollouts(groups);
        var metrics = new Dictionary<string, double>(GraderMetrics.Health(all))
        {
            ["rollouts/count"] = all.Count,
            ["rollouts/ungraded"] = all.Count(rollout => rollout.Reward is null),
            ["completion/truncated"] = all.Count(rollout => rollout.Rollout.FinishReason == FinishReason.Length) / (double)all.Count,
            ["completion_tokens/mean"] = all.Average(rollout => rollout.Rollout.CompletionTokens.Length),
            ["tokens/prompt"] = groups.Sum(group => group.PromptTokens.Length),
            ["tokens/completion"] = all.Sum(rollout => rollout.Rollout.CompletionTokens.Length),
            ["time/eval"] = time.TotalSeconds,
        };
        Add("greedy", Rollouts(greedy));
        if (sampled.Count > 0) Add("sampled", Rollouts(sampled));
        return metrics;

        void Add(string mode, List<GradedRollout> rollouts)
        {
            var rewards = rollouts.Select(rollout => rollout.Reward).OfType<double>().ToList();
            metrics[$"reward/{mode}"] = rewards.Count == 0 ? 0 : rewards.Sum() / rewards.Count;
            foreach (var (name, value) in GraderMetrics.Rewards(rollouts, mode)) metrics[name] = value;
        }
    }

    private static List<GradedRollout> Rollouts(IEnumerable<PromptGroupGraded> groups) => [.. groups.SelectMany(group => group.Rollouts)];
}
