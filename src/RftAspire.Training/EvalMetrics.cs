using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>The numbers of an eval under the field's names.</summary>
internal static class EvalMetrics
{
    /// <param name="greedy">One answer a row.</param>
    /// <param name="sampled">Several answers a row, or none at all.</param>
    public static Dictionary<string, double> Create(IReadOnlyList<GradedRollout> greedy, IReadOnlyList<GradedRollout> sampled)
    {
        var all = greedy.Concat(sampled).ToList();
        var metrics = new Dictionary<string, double>(GraderMetrics.Health(all))
        {
            ["rollouts/ungraded"] = all.Count(rollout => rollout.Reward is null),
        };
        Add("greedy", greedy);
        if (sampled.Count > 0) Add("sampled", sampled);
        return metrics;

        void Add(string mode, IReadOnlyList<GradedRollout> rollouts)
        {
            var rewards = rollouts.Select(rollout => rollout.Reward).OfType<double>().ToList();
            metrics[$"reward/{mode}"] = rewards.Count == 0 ? 0 : rewards.Sum() / rewards.Count;
            foreach (var (name, value) in GraderMetrics.Rewards(rollouts, mode)) metrics[name] = value;
        }
    }
}
