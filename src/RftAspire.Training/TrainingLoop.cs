using MassTransit;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
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
            if (await RunAsync(jobId, stoppingToken) is not { } outcome) return;
            backlog.End(jobId, outcome);
            LogEnded(jobId, outcome.State, outcome.Message);
            await AnnounceAsync(jobId, outcome, stoppingToken);
        }
    }

    private async Task AnnounceAsync(string jobId, TrainingOutcome outcome, CancellationToken stopping)
    {
        await bus.Publish(outcome.ToEvent(jobId), stopping);
        backlog.Announced(jobId);
    }

    /// <summary>Null when the process stops before the job has ended.</summary>
    private async Task<TrainingOutcome?> RunAsync(string jobId, CancellationToken stopping)
    {
        using var cancellation = backlog.Run(jobId, stopping);
        try
        {
            cancellation.Token.ThrowIfCancellationRequested();
            var spec = ArtifactStore.ReadJson<JobSpec>(artifacts.JobSpecFile(jobId));
            LogStarted(jobId, spec.Model);
            using var run = new TrainingRun(spec, artifacts, exchange, bus, options.Value, logger);
            return await run.RunAsync(cancellation.Token);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
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
        finally
        {
            backlog.Leave(jobId);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "job {JobId}: training {Model}")]
    private partial void LogStarted(string jobId, string model);

    [LoggerMessage(Level = LogLevel.Information, Message = "job {JobId}: {State} {Reason}")]
    private partial void LogEnded(string jobId, string state, string? reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "job {JobId} broke")]
    private partial void LogBroke(string jobId, Exception error);
}
