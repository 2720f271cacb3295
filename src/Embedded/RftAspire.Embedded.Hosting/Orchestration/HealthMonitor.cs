using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Orchestration;

/// <summary>Asks the health checks of every running resource: often until it is healthy, seldom afterwards.</summary>
internal sealed class HealthMonitor(HealthCheckService checks) : IDisposable
{
    private static readonly TimeSpan Soonest = TimeSpan.FromMilliseconds(200), Slowest = TimeSpan.FromSeconds(1), WhenHealthy = TimeSpan.FromSeconds(10);
    private readonly CancellationTokenSource stopping = new();

    public void Watch(IReadOnlyList<ResourceInstance> instances)
    {
        var keys = instances[0].Resource.Annotations.OfType<HealthCheckAnnotation>().Select(check => check.Key).ToHashSet();
        if (keys.Count == 0) return;
        var wake = new SemaphoreSlim(0);
        foreach (var instance in instances) instance.Started += () => wake.Release();
        _ = WatchAsync(instances, keys, wake);
    }

    public void Dispose()
    {
        stopping.Cancel();
        stopping.Dispose();
    }

    private async Task WatchAsync(IReadOnlyList<ResourceInstance> instances, HashSet<string> keys, SemaphoreSlim wake)
    {
        var token = stopping.Token;
        var pause = Timeout.InfiniteTimeSpan;
        while (!token.IsCancellationRequested)
        {
            try
            {
                var started = await wake.WaitAsync(pause, token);
                if (started || pause == Timeout.InfiniteTimeSpan) pause = Soonest;
                var healthy = await CheckAsync(instances, keys, token);
                pause = healthy ? WhenHealthy : pause >= WhenHealthy ? Soonest : Min(pause * 1.2, Slowest);
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException)
            {
                // A check gave up by itself, which is no reason to stop asking.
                pause = Slowest;
            }
        }
    }

    private async Task<bool> CheckAsync(IReadOnlyList<ResourceInstance> instances, HashSet<string> keys, CancellationToken token)
    {
        var report = await checks.CheckHealthAsync(registration => keys.Contains(registration.Name), token);
        var results = report.Entries.Select(entry =>
            new HealthReportSnapshot(entry.Key, entry.Value.Status, entry.Value.Description, entry.Value.Exception?.Message)).ToArray();
        foreach (var instance in instances) instance.Publish(snapshot => snapshot with { HealthReports = [.. results] });
        return report.Status == HealthStatus.Healthy;
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
