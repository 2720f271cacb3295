using MassTransit;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs;

/// <summary>
/// Tells the service that a job waits for what to do next. The command follows from the state alone, so it can be sent again
/// at any time; its consumers do the work once.
/// </summary>
public sealed partial class JobCommands(IBus bus, ILogger<JobCommands> logger)
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(3);

    /// <summary>The command of a job's state; null for a state in which the job waits for no command.</summary>
    public static object? For(JobRecord job) => job.State switch
    {
        JobState.Validating => new IngestDatasets(job.Spec.JobId),
        JobState.Queued => new StartTraining(job.Spec.JobId, job.Round),
        JobState.Pausing => new PauseTraining(job.Spec.JobId, job.Round),
        JobState.Cancelling => new CancelTraining(job.Spec.JobId),
        _ => null,
    };

    /// <summary>Publishes the command. The job is recorded already, so a broker that is away delays it, and the sweeper sends it.</summary>
    public async Task SendAsync(JobRecord job, CancellationToken cancellation)
    {
        if (For(job) is not { } command) return;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(s_deadline);
        try
        {
            await bus.Publish(command, deadline.Token);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            LogUnsent(command.GetType().Name, job.Spec.JobId, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Command} of job {JobId} was not sent and will be sent again: {Reason}")]
    private partial void LogUnsent(string command, string jobId, string reason);
}
