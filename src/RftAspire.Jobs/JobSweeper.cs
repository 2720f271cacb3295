using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.State;
using StackExchange.Redis;

namespace RftAspire.Jobs;

/// <summary>
/// Finds jobs whose next command is overdue, because a process died between writing the state and publishing, and sends it
/// again. A job may wait in the queue for hours with good reason, so the pauses double.
/// </summary>
public sealed partial class JobSweeper(
    JobStore jobs,
    JobCommands commands,
    ArtifactStore artifacts,
    IOptions<JobsOptions> options,
    TimeProvider clock,
    ILogger<JobSweeper> logger) : BackgroundService
{
    private const int MaxDoublings = 6;

    private readonly Dictionary<(string JobId, JobState State, int Round), (DateTimeOffset Due, int Sent)> _waiting = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SweepInterval, clock);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception error) when (error is RedisException or TimeoutException or IOException or UnauthorizedAccessException)
            {
                LogFailed(error.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Sends what is overdue now.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        var waiting = (await jobs.ActiveAsync()).Where(job => JobCommands.For(job) is not null).ToList();
        Forget(waiting);
        foreach (var job in waiting.Where(IsDue))
        {
            LogResent(job.Spec.JobId, job.State);
            if (!File.Exists(artifacts.JobSpecFile(job.Spec.JobId))) ArtifactStore.WriteJson(artifacts.JobSpecFile(job.Spec.JobId), job.Spec);
            await commands.SendAsync(job, cancellation);
        }
    }

    private bool IsDue(JobRecord job)
    {
        var key = (job.Spec.JobId, job.State, job.Round);
        var pause = options.Value.CommandDeadline;
        var (due, sent) = _waiting.GetValueOrDefault(key, (job.ChangedAt + pause, 0));
        var now = clock.GetUtcNow();
        if (now < due) return false;
        _waiting[key] = (now + (pause * (1 << Math.Min(sent + 1, MaxDoublings))), sent + 1);
        return true;
    }

    private void Forget(List<JobRecord> waiting)
    {
        var still = waiting.Select(job => (job.Spec.JobId, job.State, job.Round)).ToHashSet();
        foreach (var gone in _waiting.Keys.Where(key => !still.Contains(key)).ToList()) _waiting.Remove(gone);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId} has waited long in state {State}; sending its command again")]
    private partial void LogResent(string jobId, JobState state);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting jobs could not be looked for, trying again: {Reason}")]
    private partial void LogFailed(string reason);
}
