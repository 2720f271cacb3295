using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>How well a model says the targets of a batch: before the update, where there is one.</summary>
/// <param name="Loss">Mean over the targets in nats.</param>
/// <param name="Accuracy">Share of the targets that are the likeliest token of their place.</param>
/// <param name="GradientNorm">Before it is clipped; 0 without an update.</param>
/// <param name="Targets">Tokens to predict.</param>
public sealed record SupervisedResult(double Loss, double Accuracy, double GradientNorm, int Targets);

/// <summary>Maximum-likelihood training: pre-training and supervised fine-tuning.</summary>
/// <param name="parameters">The weights to train, changed in place; frozen where there is an adapter.</param>
/// <param name="team">Threads to compute with.</param>
/// <param name="settings">Settings of AdamW.</param>
/// <param name="adapter">Trained in place of the weights.</param>
/// <param name="activationBytes">Memory for activations, as in <see cref="Learner"/>.</param>
/// <param name="precision">How products are computed.</param>
public sealed class SupervisedTrainer(Parameters parameters, ThreadTeam team, AdamWSettings settings, LoraAdapter? adapter = null,
    long? activationBytes = null, Precision precision = Precision.F32) : IDisposable
{
    private readonly Learner _learner = new(parameters, team, activationBytes: activationBytes, precision: precision, adapter: adapter);

    /// <summary>The optimizer's state, part of a checkpoint.</summary>
    public AdamW Optimizer { get; } = new(adapter is null ? parameters.Layout : adapter.Layout, settings, team);

    /// <summary>One optimizer step on a batch.</summary>
    public SupervisedResult Step(IReadOnlyList<TrainingGroup> batch, double learningRate, double maxGradientNorm = 1)
    {
        var loss = new LikelihoodLoss(Targets(batch));
        _learner.Gradients.Clear();
        _learner.Backward(batch, loss);
        var norm = Optimizer.Step(_learner.Trained, _learner.Gradients, learningRate, maxGradientNorm);
        _learner.WeightsChanged();
        return new SupervisedResult(loss.Loss, loss.Accuracy, norm, Targets(batch));
    }

    /// <summary>The same without learning.</summary>
    public SupervisedResult Evaluate(IReadOnlyList<TrainingGroup> batch)
    {
        var loss = new LikelihoodLoss(Targets(batch));
        _learner.Evaluate(batch, loss);
        return new SupervisedResult(loss.Loss, loss.Accuracy, 0, Targets(batch));
    }

    /// <summary>Call after changing the weights from outside, as a resumed job does.</summary>
    public void WeightsChanged() => _learner.WeightsChanged();

    /// <summary>Linear warm-up, then a half cosine down to <paramref name="final"/> of the peak at the last step.</summary>
    public static double CosineRate(int step, int steps, double peak, int warmup, double final)
    {
        if (step < warmup) return peak * (step + 1) / warmup;
        var done = (double)(step - warmup) / Math.Max(1, steps - warmup);
        return peak * (final + (1 - final) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, done))));
    }

    public void Dispose()
    {
        _learner.Dispose();
        Optimizer.Dispose();
    }

    private static int Targets(IReadOnlyList<TrainingGroup> batch) => batch.Sum(group => group.Completions.Sum(completion => completion.Length));
}
