using System.Diagnostics;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Training;

namespace RftAspire.Training;

/// <summary>Learns the assistant's messages of the training rows. The order of the rows is a function of the seed.</summary>
internal sealed class SupervisedMethod : ITrainingMethod
{
    private readonly Hyperparameters _settings;
    private readonly SupervisedTrainer _trainer;
    private readonly ConversationSet _rows;
    private readonly EpochOrder _order;
    private readonly IReadOnlyList<TrainingGroup>? _validation;

    public SupervisedMethod(JobSpec spec, JobModel model, ArtifactStore artifacts)
    {
        _settings = spec.Hyperparameters;
        _rows = ConversationSet.Load(artifacts.TrainingPromptsFile(spec.JobId), model);
        if (spec.ValidationDatasetId is not null) _validation = ConversationSet.Load(artifacts.ValidationPromptsFile(spec.JobId), model).All;
        _order = new EpochOrder(_rows.Count, RandomKey.FromSeed(spec.Seed).Derive(1));
        _trainer = new SupervisedTrainer(model.Policy, model.Team, new AdamWSettings { WeightDecay = _settings.WeightDecay }, model.Adapter, precision: model.Precision);
    }

    public AdamW Optimizer => _trainer.Optimizer;

    public void WeightsChanged() => _trainer.WeightsChanged();

    /// <summary>At the end of each pass over the rows, and of the job.</summary>
    public bool IsCheckpoint(int step) => step == _settings.Steps || Position(step) / _rows.Count > Position(step - 1) / _rows.Count;

    public void Dispose() => _trainer.Dispose();

    public Task<Dictionary<string, double>> StepAsync(int step, WeightsReference weights, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var batch = Enumerable.Range(0, _settings.PromptsPerStep).SelectMany(place => _rows.Examples(_order.At(Position(step - 1) + place))).ToList();
        var rate = _settings.LearningRateAt(step);
        var result = _trainer.Step(batch, rate, _settings.MaxGradNorm);
        if (!double.IsFinite(result.Loss) || !double.IsFinite(result.GradientNorm))
            throw new TrainingException("diverged", $"step {step}: loss {result.Loss}, gradient norm {result.GradientNorm}; lower learning_rate (now {_settings.LearningRate})");
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var prompts = batch.Sum(group => group.Prompt.Length);
        return Task.FromResult(new Dictionary<string, double>
        {
            ["loss/train"] = result.Loss,
            ["accuracy/train"] = result.Accuracy,
            ["learning_rate"] = rate,
            ["optim/grad_norm"] = result.GradientNorm,
            ["tokens/prompt"] = prompts,
            ["tokens/trained"] = result.Targets,
            ["tokens/s"] = (prompts + result.Targets) / seconds,
            ["time/training"] = seconds,
            ["time/step"] = seconds,
        });
    }

    public Task<Dictionary<string, double>?> ValidateAsync(WeightsReference weights, CancellationToken cancellation)
    {
        if (_validation is null) return Task.FromResult<Dictionary<string, double>?>(null);
        var started = Stopwatch.GetTimestamp();
        var result = _trainer.Evaluate(_validation);
        return Task.FromResult<Dictionary<string, double>?>(new()
        {
            ["loss/valid"] = result.Loss,
            ["accuracy/valid"] = result.Accuracy,
            ["tokens/valid"] = result.Targets,
            ["time/eval"] = Stopwatch.GetElapsedTime(started).TotalSeconds,
        });
    }

    /// <summary>Rows that have come by after a step.</summary>
    private long Position(int step) => (long)step * _settings.PromptsPerStep;
}
