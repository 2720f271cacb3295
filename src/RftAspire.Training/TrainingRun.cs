using MassTransit;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Training;

/// <summary>
/// One job from its first step, or the one after its newest checkpoint, to its end or to a pause. A step depends on the checkpoint
/// before it alone, so a job that was stopped goes on as if it had not been.
/// </summary>
internal sealed partial class TrainingRun(JobSpec spec, JobModel model, ITrainingMethod method, ArtifactStore artifacts, IBus bus, TrainingOptions options, ILogger logger)
{
    private readonly ILogger _logger = logger;
    private readonly CheckpointStore _checkpoints = new(artifacts, spec, model, options.KeptCheckpoints);
    private readonly KeptCheckpoints _kept = new(artifacts, spec, model);
    private WeightsReference _weights = new(0, model.Folder, CheckpointFolder.WeightsDigest(model.Policy), spec.Hyperparameters.Precision);
    private CheckpointManifest? _manifest;

    /// <param name="round">The round that the job is in.</param>
    /// <param name="isPausing">Whether the job shall stop at the next safe point.</param>
    /// <param name="cancellation">Stops at once; what is not durable is made again later.</param>
    public async Task<TrainingOutcome> RunAsync(int round, Func<bool> isPausing, CancellationToken cancellation)
    {
        await bus.Publish(new TrainingStarted(spec.JobId, spec.Hyperparameters.Steps, round), cancellation);
        await ResumeAsync(cancellation);
        while (!isPausing())
        {
            await ValidateAsync(cancellation);
            if (_weights.Version == spec.Hyperparameters.Steps) return Finish();
            if (isPausing()) break;
            await StepAsync(_weights.Version + 1, cancellation);
        }
        if (_manifest is { } reached) _kept.KeepPause(reached);
        return TrainingOutcome.Paused;
    }

    /// <summary>Takes up the newest checkpoint; the news of it may have been lost with the process, so it is told again.</summary>
    private async Task ResumeAsync(CancellationToken cancellation)
    {
        if (_checkpoints.Latest() is not { } manifest) return;
        _checkpoints.Restore(manifest, method.Optimizer);
        method.WeightsChanged();
        LogResumed(spec.JobId, manifest.Weights.Version);
        await AnnounceAsync(manifest, cancellation);
    }

    private async Task StepAsync(int step, CancellationToken cancellation)
    {
        var metrics = await method.StepAsync(step, _weights, cancellation);
        await AnnounceAsync(_checkpoints.Commit(step, method.Optimizer, metrics), cancellation);
    }

    private async Task AnnounceAsync(CheckpointManifest manifest, CancellationToken cancellation)
    {
        (_manifest, _weights) = (manifest, manifest.Weights);
        await bus.Publish(new WeightsPublished(spec.JobId, manifest.Weights), cancellation);
        await bus.Publish(new StepTrained(spec.JobId, manifest.Weights.Version, spec.Hyperparameters.Steps, manifest.Metrics), cancellation);
    }

    /// <summary>Validates where that is due, and keeps the checkpoint where it may be kept.</summary>
    private async Task ValidateAsync(CancellationToken cancellation)
    {
        var metrics = spec.Hyperparameters.ValidatesAt(_weights.Version) ? await MetricsAsync(cancellation) : null;
        if (metrics is not null) await bus.Publish(new EvalCompleted(spec.JobId, _weights.Version, metrics), cancellation);
        if (_manifest is { } manifest && method.IsCheckpoint(_weights.Version) && _kept.Rank(manifest, metrics ?? []))
            await bus.Publish(KeptCheckpoints.News(artifacts, spec.JobId)!, cancellation);
    }

    /// <summary>What was validated once is not again: the file outlives a pause, and a process that died before it told.</summary>
    private async Task<Dictionary<string, double>?> MetricsAsync(CancellationToken cancellation)
    {
        var file = Path.Combine(artifacts.JobFolder(spec.JobId), "training", $"eval-{_weights.Version:D5}.json");
        if (File.Exists(file)) return ArtifactStore.ReadJson<Dictionary<string, double>>(file);
        var metrics = await method.ValidateAsync(_weights, cancellation);
        if (metrics is not null) ArtifactStore.WriteJson(file, metrics);
        return metrics;
    }

    private TrainingOutcome Finish()
    {
        model.Save(artifacts.TunedModelFolder(spec.TunedModelName));
        return new TrainingOutcome("succeeded", ModelName: spec.TunedModelName, WeightsDigest: _weights.Digest);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "job {JobId}: resumed after step {Step}")]
    private partial void LogResumed(string jobId, int step);
}
