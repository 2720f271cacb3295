using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Training;

namespace RftAspire.Cli.Tuning;

/// <summary>How supervised examples are learned.</summary>
internal sealed record SupervisedSettings
{
    public required int Steps { get; init; }
    public required int BatchSize { get; init; }
    /// <summary>The peak of a linear warm-up and a half cosine down to a tenth.</summary>
    public required double LearningRate { get; init; }
    /// <summary>Steps that the cosine is laid out for; training may stop early on it.</summary>
    public required int ScheduledSteps { get; init; }
    public required int WarmupSteps { get; init; }
}

/// <summary>One optimizer step.</summary>
/// <param name="Step">From 1.</param>
/// <param name="Epoch">From 1.</param>
/// <param name="Loss">Mean over the batch's learned tokens before the update, nats.</param>
/// <param name="Tokens">Tokens of the batch, prompts and answers.</param>
internal sealed record SupervisedStep(int Step, int Epoch, double Loss, int Tokens);

/// <summary>Passes over examples in batches, each pass in an order of its own; a function of weights, examples and key.</summary>
/// <param name="parameters">Changed in place.</param>
/// <param name="team">Threads to compute with; their number does not change the result.</param>
/// <param name="settings">What to do.</param>
internal sealed class SupervisedEpochs(Parameters parameters, ThreadTeam team, SupervisedSettings settings)
{
    private const double FinalRate = 0.1;
    private const double WeightDecay = 0.01;

    public static int StepsPerEpoch(int examples, int batchSize) => (examples + batchSize - 1) / batchSize;

    /// <param name="examples">Number of examples.</param>
    /// <param name="example">The example at a place; the key is that of this place in this pass.</param>
    /// <param name="key">Where the random numbers come from.</param>
    public IEnumerable<SupervisedStep> Run(int examples, Func<int, RandomKey, TrainingGroup> example, RandomKey key)
    {
        using var trainer = new SupervisedTrainer(parameters, team, new AdamWSettings { WeightDecay = WeightDecay });
        var perEpoch = StepsPerEpoch(examples, settings.BatchSize);
        for (var step = 0; step < settings.Steps; step++)
        {
            var (epoch, place) = Math.DivRem(step, perEpoch);
            var ofEpoch = key.Derive(epoch);
            var batch = ofEpoch.Permutation(examples).Skip(place * settings.BatchSize).Take(settings.BatchSize).Select(row => example(row, ofEpoch.Derive(row))).ToList();
            var rate = SupervisedTrainer.CosineRate(step, settings.ScheduledSteps, settings.LearningRate, settings.WarmupSteps, FinalRate);
            yield return new SupervisedStep(step + 1, epoch + 1, trainer.Step(batch, rate).Loss, batch.Sum(Tokens));
        }
    }

    private static int Tokens(TrainingGroup group) => group.Prompt.Length + group.Completions.Sum(completion => completion.Length);
}
