using MassTransit;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>Puts a job into the backlog. Asked again for one that has ended, it says again how; one that can only fail fails now.</summary>
public sealed class StartTrainingConsumer(TrainingBacklog backlog, ArtifactStore artifacts) : IConsumer<StartTraining>
{
    public async Task Consume(ConsumeContext<StartTraining> context)
    {
        var jobId = context.Message.JobId;
        var ended = backlog.Outcome(jobId);
        if (ended is null && Refuse(jobId) is { } refusal) backlog.End(jobId, ended = refusal);
        if (ended is null) backlog.Start(jobId, context.Message.Round);
        else await context.Publish(ended.ToEvent(jobId), context.CancellationToken);
    }

    private TrainingOutcome? Refuse(string jobId)
    {
        var file = artifacts.JobSpecFile(jobId);
        if (!File.Exists(file)) return null;
        try
        {
            ResponseFormatCheck.Compile(ArtifactStore.ReadJson<JobSpec>(file));
            return null;
        }
        catch (TrainingException fault)
        {
            return new TrainingOutcome("failed", fault.Code, fault.Message);
        }
    }
}

/// <summary>Stops a job for a while. One that is not running is paused by that alone.</summary>
public sealed class PauseTrainingConsumer(TrainingBacklog backlog, ArtifactStore artifacts) : IConsumer<PauseTraining>
{
    public async Task Consume(ConsumeContext<PauseTraining> context)
    {
        var (jobId, round) = (context.Message.JobId, context.Message.Round);
        if (backlog.Outcome(jobId) is { } outcome) await context.Publish(outcome.ToEvent(jobId), context.CancellationToken);
        else if (backlog.Pause(jobId, round))
        {
            // The process that stopped it may not have lived to tell.
            if (KeptCheckpoints.News(artifacts, jobId) is { } kept) await context.Publish(kept, context.CancellationToken);
            await context.Publish(new JobPaused(jobId, round), context.CancellationToken);
        }
    }
}

/// <summary>Stops a job, whether it waits, runs, is paused, or has not arrived yet.</summary>
public sealed class CancelTrainingConsumer(TrainingBacklog backlog) : IConsumer<CancelTraining>
{
    public Task Consume(ConsumeContext<CancelTraining> context)
    {
        var jobId = context.Message.JobId;
        if (backlog.Outcome(jobId) is { } outcome) return context.Publish(outcome.ToEvent(jobId), context.CancellationToken);
        backlog.Cancel(jobId);
        return Task.CompletedTask;
    }
}

internal static class TrainingOutcomes
{
    public static object ToEvent(this TrainingOutcome outcome, string jobId) => outcome.State switch
    {
        "succeeded" => new JobSucceeded(jobId, outcome.ModelName!, outcome.WeightsDigest!),
        "cancelled" => new JobCancelled(jobId),
        _ => new JobFailed(jobId, outcome.Code!, outcome.Message!),
    };
}
