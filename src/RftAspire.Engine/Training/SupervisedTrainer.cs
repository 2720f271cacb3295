using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>Maximum-likelihood training: pre-training and supervised fine-tuning.</summary>
/// <param name="parameters">The weights to train, changed in place; frozen where there is an adapter.</param>
/// <param name="team">Threads to compute with.</param>
/// <param name="settings">Settings of AdamW.</param>
/// <param name="adapter">Trained in place of the weights.</param>
/// <param name="activationBytes">Memory for activations, as in <see cref="Learner"/>.</param>
public sealed class SupervisedTrainer(Parameters parameters, ThreadTeam team, AdamWSettings settings, LoraAdapter? adapter = null,
    long? activationBytes = null) : IDisposable
{
    private readonly Learner _learner = new(parameters, team, activationBytes: activationBytes, adapter: adapter);
    private readonly AdamW _optimizer = new(adapter is null ? parameters.Layout : adapter.Layout, settings, team);

    /// <summary>One optimizer step on a batch; returns the mean loss of its targets in nats.</summary>
    public double Step(IReadOnlyList<TrainingGroup> batch, double learningRate, double maxGradientNorm = 1)
    {
        var loss = new LikelihoodLoss(Targets(batch));
        _learner.Gradients.Clear();
        _learner.Backward(batch, loss);
        _optimizer.Step(_learner.Trained, _learner.Gradients, learningRate, maxGradientNorm);
        _learner.WeightsChanged();
        return loss.Loss;
    }

    /// <summary>Mean loss of the targets in nats, without learning.</summary>
    public double Evaluate(IReadOnlyList<TrainingGroup> batch) =>
        -_learner.Logprobs(batch).Sum(completion => completion.Sum(logprob => (double)logprob)) / Targets(batch);

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
        _optimizer.Dispose();
    }

    private static int Targets(IReadOnlyList<TrainingGroup> batch) => batch.Sum(group => group.Completions.Sum(completion => completion.Length));
}
