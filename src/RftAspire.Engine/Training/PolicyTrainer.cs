using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>A prompt's completions as sampled, with their rewards.</summary>
/// <param name="Prompt">Token ids.</param>
/// <param name="Completions">Token ids of each completion.</param>
/// <param name="SamplingLogprobs">log p of each completion token when it was sampled.</param>
/// <param name="Rewards">One a completion; null where it could not be graded: such a completion is not learned from.</param>
public sealed record RolloutGroup(int[] Prompt, int[][] Completions, float[][] SamplingLogprobs, double?[] Rewards);

/// <summary>What a policy loss is averaged over.</summary>
public enum LossAverage
{
    /// <summary>All completion tokens of the step (DAPO; Yu et al., 2025).</summary>
    Token,
    /// <summary>The tokens of each sequence, then the sequences (GRPO).</summary>
    Sequence,
    /// <summary>Sequences times the longest completion allowed (Dr. GRPO).</summary>
    Constant,
}

/// <summary>How a step learns from its rollouts.</summary>
public sealed record PolicyStepSettings
{
    public required double LearningRate { get; init; }
    public required int MaxCompletionTokens { get; init; }
    public double Temperature { get; init; } = 1;
    public double ClipRange { get; init; } = 0.2;
    /// <summary>The range above ratio 1; null takes <see cref="ClipRange"/>.</summary>
    public double? ClipRangeHigh { get; init; }
    public double KlCoefficient { get; init; }
    public double MaxGradNorm { get; init; } = 1;
    public bool StandardizeAdvantages { get; init; }
    public LossAverage Average { get; init; }
}

/// <summary>What happened in a step. Ratios compare the learner's log-probabilities, before the update, with the sampler's.</summary>
public sealed record PolicyStepResult(double Loss, double GradientNorm, float RatioMin, float RatioMax, double ClipFraction,
    double MismatchKl, double ReferenceKl, double Entropy, long Tokens, double ZeroVarianceShare);

/// <summary>Group relative policy optimization: one update on the rollouts of one step.</summary>
public sealed class PolicyTrainer : IDisposable
{
    private readonly Learner _learner;
    private readonly Learner? _reference;
    private readonly bool _referenceIsBase;

    /// <param name="policy">The weights to train, changed in place; frozen where there is an adapter.</param>
    /// <param name="reference">The weights that the KL term pulls towards. Null: the policy without its adapter, and no KL term without one.</param>
    /// <param name="team">Threads to compute with.</param>
    /// <param name="optimizer">Settings of AdamW.</param>
    /// <param name="precision">How products are computed; the same as where the rollouts were sampled.</param>
    /// <param name="adapter">Trained in place of the weights.</param>
    /// <param name="activationBytes">Memory for activations, as in <see cref="Learner"/>.</param>
    public PolicyTrainer(Parameters policy, Parameters? reference, ThreadTeam team, AdamWSettings optimizer, Precision precision = Precision.F32,
        LoraAdapter? adapter = null, long? activationBytes = null)
    {
        _learner = new Learner(policy, team, activationBytes: activationBytes, precision: precision, adapter: adapter);
        _referenceIsBase = reference is null && adapter is not null;
        if (reference is not null) _reference = new Learner(reference, team, precision: precision);
        Optimizer = new AdamW(_learner.Trained.Layout, optimizer, team);
    }

    /// <summary>The optimizer's state, part of a checkpoint.</summary>
    public AdamW Optimizer { get; }

    public PolicyStepResult Step(IReadOnlyList<RolloutGroup> groups, PolicyStepSettings settings)
    {
        var graded = groups.Select(OnlyGraded).Where(group => group.Completions.Length > 0).ToList();
        var batch = graded.Select(group => new TrainingGroup(group.Prompt, group.Completions)).ToList();
        var reference = settings.KlCoefficient > 0 ? ReferenceLogprobs(batch, settings.Temperature) : null;
        var loss = new PolicyLoss(Sequences(graded, reference, settings), (float)settings.ClipRange, (float)settings.KlCoefficient, (float?)settings.ClipRangeHigh);
        _learner.Gradients.Clear();
        _learner.Backward(batch, loss, settings.Temperature);
        var norm = Optimizer.Step(_learner.Trained, _learner.Gradients, settings.LearningRate, settings.MaxGradNorm);
        _learner.WeightsChanged();
        var dead = graded.Count(group => group.Rewards.All(reward => reward == group.Rewards[0]));
        return new PolicyStepResult(loss.Loss, norm, loss.RatioMin, loss.RatioMax, loss.Tokens == 0 ? 0 : (double)loss.ClippedTokens / loss.Tokens,
            loss.MismatchKl, loss.Divergence, loss.Entropy, loss.Tokens, graded.Count == 0 ? 0 : (double)dead / graded.Count);
    }

    /// <summary>Call after changing the policy's weights from outside, as a resumed job does.</summary>
    public void WeightsChanged() => _learner.WeightsChanged();

    public void Dispose()
    {
        _learner.Dispose();
        _reference?.Dispose();
        Optimizer.Dispose();
    }

    private float[][]? ReferenceLogprobs(List<TrainingGroup> batch, double temperature) =>
        _referenceIsBase ? _learner.BaseLogprobs(batch, temperature) : _reference?.Logprobs(batch, temperature);

    private static RolloutGroup OnlyGraded(RolloutGroup group)
    {
        var kept = Enumerable.Range(0, group.Completions.Length).Where(i => group.Rewards[i] is not null).ToArray();
        return kept.Length == group.Completions.Length ? group : new RolloutGroup(group.Prompt, [.. kept.Select(i => group.Completions[i])],
            [.. kept.Select(i => group.SamplingLogprobs[i])], [.. kept.Select(i => group.Rewards[i])]);
    }

    private static List<PolicySequence> Sequences(List<RolloutGroup> groups, float[][]? reference, PolicyStepSettings settings)
    {
        var sequences = new List<PolicySequence>();
        var tokens = groups.Sum(group => group.Completions.Sum(completion => (long)completion.Length));
        var count = groups.Sum(group => group.Completions.Length);
        foreach (var group in groups)
        {
            var advantages = settings.StandardizeAdvantages ? Advantages.Standardized(group.Rewards) : Advantages.Centered(group.Rewards);
            for (var i = 0; i < advantages.Length; i++)
            {
                var divisor = settings.Average switch
                {
                    LossAverage.Token => tokens,
                    LossAverage.Sequence => (double)count * group.Completions[i].Length,
                    _ => (double)count * settings.MaxCompletionTokens,
                };
                sequences.Add(new PolicySequence(advantages[i], group.SamplingLogprobs[i], reference?[sequences.Count], (float)(1 / divisor)));
            }
        }
        return sequences;
    }
}
