using MassTransit;
using RftAspire.Contracts.Messages;
using RftAspire.Grading.Remote;

namespace RftAspire.Grading.Rollouts;

/// <summary>
/// Tells Training which jobs wait for a grader that is away, again and again while that is so, and once when it is back. A lost
/// message does no harm: silence says after a while that nobody waits any more.
/// </summary>
public sealed partial class OutageNews : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);
    private readonly RemoteLines _lines;
    private readonly IBus _bus;
    private readonly ILogger<OutageNews> _logger;
    private readonly SemaphoreSlim _changed = new(0);
    private readonly HashSet<(string JobId, string Grader)> _told = [];

    public OutageNews(RemoteLines lines, IBus bus, ILogger<OutageNews> logger)
    {
        (_lines, _bus, _logger) = (lines, bus, logger);
        lines.Changed += Wake;
    }

    public override void Dispose()
    {
        _lines.Changed -= Wake;
        base.Dispose();
        _changed.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _changed.WaitAsync(s_interval, stoppingToken);
            await TellAsync(stoppingToken);
        }
    }

    private async Task TellAsync(CancellationToken stopping)
    {
        var away = _lines.All.Select(line => (line, line.Outage)).Where(entry => entry.Outage is not null)
            .SelectMany(entry => entry.line.Jobs.Select(job => new GradingPaused(job, entry.line.Address, entry.Outage!.Cause))).ToList();
        foreach (var pause in away)
        {
            if (_told.Add((pause.JobId, pause.Grader))) LogPaused(pause.JobId, pause.Grader, pause.Cause);
            await PublishAsync(pause, stopping);
        }
        foreach (var (jobId, grader) in _told.Except(away.Select(pause => (pause.JobId, pause.Grader))).ToList())
        {
            LogResumed(jobId, grader);
            _told.Remove((jobId, grader));
            await PublishAsync(new GradingResumed(jobId, grader), stopping);
        }
    }

    private async Task PublishAsync<T>(T message, CancellationToken stopping) where T : class
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        deadline.CancelAfter(s_interval);
        try
        {
            await _bus.Publish(message, deadline.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // The broker is away; what still holds is told again.
        }
    }

    private void Wake() => _changed.Release();

    [LoggerMessage(Level = LogLevel.Warning, Message = "job {JobId} waits for its grader {Grader}: {Cause}")]
    private partial void LogPaused(string jobId, string grader, string cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "job {JobId} does not wait for its grader {Grader} any more")]
    private partial void LogResumed(string jobId, string grader);
}
