using MassTransit;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Training;

/// <summary>Trains one job after the other, the oldest first. What was running when the process died is the oldest again.</summary>
public sealed partial class TrainingLoop(
    TrainingBacklog backlog, ArtifactStore artifacts, RolloutExchange exchange, IBus bus, IOptions<TrainingOptions> options, ILogger<TrainingLoop> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var jobId in backlog.Unannounced()) await AnnounceAsync(jobId, backlog.Outcome(jobId)!, stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            var jobId = await backlog.NextAsync(stoppingToken);
            using var turn = backlog.Take(jobId, stoppingToken);
            // Paused since.
            if (turn is null) continue;
            if (await RunAsync(turn, stoppingToken) is not { } outcome) return;
            LogEnded(jobId, outcome.State, outcome.Message);
            await EndAsync(turn, outcome, stoppingToken);
        }
    }

    private async Task EndAsync(TrainingTurn turn, TrainingOutcome outcome, CancellationToken stopping)
    {
        if (outcome != TrainingOutcome.Paused)
        {
            backlog.End(turn.JobId, outcome);
            await AnnounceAsync(turn.JobId, outcome, stopping);
            return;
        }
        await TellKeptAsync(turn.JobId, stopping);
        await bus.Publish(new JobPaused(turn.JobId, turn.Round), stopping);
    }

    private async Task AnnounceAsync(string jobId, TrainingOutcome outcome, CancellationToken stopping)
    {
        await TellKeptAsync(jobId, stopping);
        await bus.Publish(outcome.ToEvent(jobId), stopping);
        backlog.Announced(jobId);
    }

    // Again, since the run may have been cut off before it told.
    private async Task TellKeptAsync(string jobId, CancellationToken stopping)
    {
        if (KeptCheckpoints.News(artifacts, jobId) is { } kept) await bus.Publish(kept, stopping);
    }

    /// <summary>Null when the process stops before the job has ended.</summary>
    private async Task<TrainingOutcome?> RunAsync(TrainingTurn turn, CancellationToken stopping)
    {
        var jobId = turn.JobId;
        try
        {
            turn.Cancellation.ThrowIfCancellationRequested();
            var spec = ArtifactStore.ReadJson<JobSpec>(artifacts.JobSpecFile(jobId));
            LogStarted(jobId, spec.Model);
            using var model = new JobModel(spec, artifacts, options.Value.Threads);
            using ITrainingMethod method = spec.Method == TrainingMethod.Supervised
                ? new SupervisedMethod(spec, model, artifacts)
                : new ReinforcementMethod(spec, model, artifacts, exchange, options.Value, logger);
            var run = new TrainingRun(spec, model, method, artifacts, bus, options.Value, logger);
            return await run.RunAsync(turn.Round, () => backlog.IsPausing(jobId, turn.Round), turn.Cancellation);
        }
        catch (OperationCanceledException) when (turn.Cancellation.IsCancellationRequested)
        {
            return stopping.IsCancellationRequested && !backlog.IsCancelled(jobId) ? null : new TrainingOutcome("cancelled");
        }
        catch (TrainingException error)
        {
            return new TrainingOutcome("failed", error.Code, error.Message);
        }
        catch (CheckpointException error)
        {
            return new TrainingOutcome("failed", "invalid_checkpoint", error.Message);
        }
#pragma warning disable CA1031 // A job that breaks must not take the worker and the jobs behind it with it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogBroke(jobId, error);
            return new TrainingOutcome("failed", "internal_error", $"{error.GetType().Name}: {error.Message}");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "job {JobId}: training {Model}")]
    private partial void LogStarted(string jobId, string model);

    [LoggerMessage(Level = LogLevel.Information, Message = "job {JobId}: {State} {Reason}")]
    private partial void LogEnded(string jobId, string state, string? reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "job {JobId} broke")]
    private partial void LogBroke(string jobId, Exception error);
}
