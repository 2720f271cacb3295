using MassTransit;
using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>Puts a job into the backlog. Asked again for one that has ended, it says again how.</summary>
public sealed class StartTrainingConsumer(TrainingBacklog backlog) : IConsumer<StartTraining>
{
    public Task Consume(ConsumeContext<StartTraining> context)
    {
        var jobId = context.Message.JobId;
        if (backlog.Outcome(jobId) is { } outcome) return context.Publish(outcome.ToEvent(jobId), context.CancellationToken);
        backlog.Start(jobId);
        return Task.CompletedTask;
    }
}

/// <summary>Stops a job, whether it waits, runs, or has not arrived yet.</summary>
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
