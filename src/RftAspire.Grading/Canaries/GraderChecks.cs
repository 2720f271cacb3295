using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;
using RftAspire.Grading.Remote;
using RftAspire.Grading.Rollouts;

namespace RftAspire.Grading.Canaries;

/// <summary>
/// Checks of jobs' graders, each on its own: a judge may take minutes, longer than a message may be held. Jobs asks again for a
/// check that died with its process.
/// </summary>
public sealed partial class GraderChecks(
    GradingJobs jobs, GraderFactory graders, RemoteLines lines, IBus bus, IOptions<GradingOptions> options, IHostApplicationLifetime lifetime, ILogger<GraderChecks> logger)
{
    private readonly ConcurrentDictionary<string, Task> _running = new();

    /// <summary>Starts a job's check unless it runs already.</summary>
    public void Start(string jobId) => _running.GetOrAdd(jobId, id => Task.Run(() => RunAsync(id)));

    private async Task RunAsync(string jobId)
    {
        try
        {
            var news = await CheckAsync(jobId, lifetime.ApplicationStopping);
            await bus.Publish(news, news.GetType(), lifetime.ApplicationStopping);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
        }
#pragma warning disable CA1031 // Nobody awaits this; Jobs asks again.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogFailed(jobId, error.Message);
        }
        finally
        {
            _running.TryRemove(jobId, out _);
        }
    }

    private async Task<object> CheckAsync(string jobId, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(options.Value.CheckLimit);
        try
        {
            var job = jobs.Get(jobId);
            await graders.CheckAsync(job.Definition, limit.Token);
            var report = await CanaryReport.OfAsync(job.Definition, job.Grader, job.TrialRows(options.Value.CanaryRows), options.Value.CanaryMark, jobId, limit.Token);
            if (report.Fault is not var (code, message)) return new GraderAccepted(jobId, [.. report.Scores]);
            LogRejected(jobId, message);
            return new GraderRejected(jobId, code, message, [.. report.Scores]);
        }
        catch (GraderException error)
        {
            return new GraderRejected(jobId, "invalid_grader", error.Message, []);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            var causes = lines.All.Select(line => line.Outage is { } outage ? $"; {line.Address}: {outage.Cause}" : "");
            return new GraderRejected(jobId, "grader_unavailable",
                $"the grader did not answer a few trial questions within {options.Value.CheckLimit} (Grading:CheckLimit){string.Concat(causes)}", []);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{JobId}: grader rejected: {Reason}")]
    private partial void LogRejected(string jobId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{JobId}: the grader was not checked and will be again when Jobs asks: {Reason}")]
    private partial void LogFailed(string jobId, string reason);
}

/// <summary>Hands the command over; a second one for a check that runs changes nothing.</summary>
public sealed class CheckGraderConsumer(GraderChecks checks) : IConsumer<CheckGrader>
{
    public Task Consume(ConsumeContext<CheckGrader> context)
    {
        checks.Start(context.Message.JobId);
        return Task.CompletedTask;
    }
}
