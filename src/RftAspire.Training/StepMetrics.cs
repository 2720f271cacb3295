using RftAspire.Contracts.Messages;
using RftAspire.Engine.Training;

namespace RftAspire.Training;

/// <summary>The numbers of a step under the field's names.</summary>
internal static class StepMetrics
{
    public static Dictionary<string, double> Create(IReadOnlyList<PromptGroupGraded> groups, PolicyStepResult result, double learningRate, TimeSpan sampling, TimeSpan paused, TimeSpan learning)
    {
        var rollouts = groups.SelectMany(group => group.Rollouts).ToList();
        var rewards = rollouts.Where(rollout => rollout.Reward is not null).Select(rollout => rollout.Reward!.Value).ToList();
        var lengths = rollouts.Select(rollout => rollout.Rollout.CompletionTokens.Length).ToList();
        var mean = rewards.Count == 0 ? 0 : rewards.Sum() / rewards.Count;
        return new Dictionary<string, double>(GraderMetrics.Health(rollouts).Concat(GraderMetrics.Rewards(rollouts, "reward")))
        {
            ["reward/mean"] = mean,
            ["reward/std"] = rewards.Count == 0 ? 0 : Math.Sqrt(rewards.Sum(reward => (reward - mean) * (reward - mean)) / rewards.Count),
            ["reward/zero_variance_groups"] = result.ZeroVarianceShare,
            ["rollouts/count"] = rollouts.Count,
            ["rollouts/ungraded"] = rollouts.Count - rewards.Count,
            ["completion_tokens/mean"] = lengths.Average(),
            ["completion/truncated"] = rollouts.Count(rollout => rollout.Rollout.FinishReason == FinishReason.Length) / (double)rollouts.Count,
            ["loss"] = result.Loss,
            ["ratio/min"] = result.RatioMin,
            ["ratio/max"] = result.RatioMax,
            ["clip/fraction"] = result.ClipFraction,
            ["kl/mismatch"] = result.MismatchKl,
            ["kl/reference"] = result.ReferenceKl,
            ["entropy"] = result.Entropy,
            ["optim/lr"] = learningRate,
            ["optim/grad_norm"] = result.GradientNorm,
            ["tokens/prompt"] = groups.Sum(group => group.PromptTokens.Length),
            ["tokens/completion"] = lengths.Sum(),
            ["tokens/trained"] = result.Tokens,
            ["tokens/s"] = lengths.Sum() / (sampling + learning).TotalSeconds,
            ["time/sampling"] = sampling.TotalSeconds,
            // Within the time to sample.
            ["time/paused"] = paused.TotalSeconds,
            ["time/training"] = learning.TotalSeconds,
            ["time/step"] = (sampling + learning).TotalSeconds,
        };
    }
}
