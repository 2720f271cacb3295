using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Orchestration;

/// <summary>One process of a resource (or the resource itself if it has none): started, watched, stopped, started again.</summary>
internal sealed class ResourceInstance(
    IResource resource, int index, string id, ProcessFactory factory, DependencyGate dependencies,
    ResourceNotificationService notifications, ResourceLoggerService loggers, ILogger logger) : IDisposable
{
    private readonly Lock gate = new();
    private CancellationTokenSource? starting;
    private Task running = Task.CompletedTask;
    private volatile SupervisedProcess? process;

    public IResource Resource { get; } = resource;
    public string Id { get; } = id;
    public event Action? Started;

    public bool HasProcess => Resource.Annotations.OfType<ProcessAnnotation>().Any();

    /// <summary>Begins to start, unless it is running or starting already; the task ends when the start has succeeded or failed.</summary>
    public Task StartAsync()
    {
        lock (gate)
        {
            if (!running.IsCompleted || process is not null) return running;
            starting?.Dispose();
            starting = new();
            return running = StartAsync(starting.Token);
        }
    }

    /// <summary>Stops waiting or running; the task ends when all processes are gone.</summary>
    public async Task StopAsync()
    {
        Task start;
        lock (gate)
        {
            starting?.Cancel();
            start = running;
        }
        await start;
        if (process is not { } current) return;
        Publish(snapshot => snapshot with { State = KnownResourceStates.Stopping });
        Ended(KnownResourceStates.Exited, await current.StopAsync(), current);
    }

    public void Publish(Func<CustomResourceSnapshot, CustomResourceSnapshot> change) => notifications.PublishUpdateAsync(Resource, Id, change);

    public void Dispose() => starting?.Dispose();

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            if (Resource.Annotations.OfType<WaitAnnotation>().Any()) Publish(snapshot => snapshot with { State = KnownResourceStates.Waiting });
            await dependencies.WaitAsync(Resource, cancellationToken);
            if (HasProcess) await LaunchAsync(cancellationToken);
            else Publish(snapshot => snapshot with { State = KnownResourceStates.Running, StartTimeStamp = DateTime.UtcNow });
            Started?.Invoke();
        }
        catch (OperationCanceledException)
        {
            Publish(snapshot => snapshot with { State = KnownResourceStates.NotStarted });
        }
        catch (Exception failure) when (failure is DistributedApplicationException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            loggers.Append(Names, failure.Message, isError: true);
            logger.LogError("Resource {Id} failed to start: {Reason}", Id, failure.Message);
            Publish(snapshot => snapshot with { State = KnownResourceStates.FailedToStart });
        }
    }

    private async Task LaunchAsync(CancellationToken cancellationToken)
    {
        Publish(snapshot => snapshot with { State = KnownResourceStates.Starting, ExitCode = null, StopTimeStamp = null });
        var (launched, variables) = await factory.StartAsync(Resource, index, Id, OnLine, cancellationToken);
        var pid = await launched.Pid;
        process = launched;
        Publish(snapshot => snapshot with
        {
            State = KnownResourceStates.Running,
            StartTimeStamp = DateTime.UtcNow,
            Properties = [new("executable.pid", pid)],
            EnvironmentVariables = [.. variables.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new EnvironmentVariableSnapshot(pair.Key, pair.Value, true))],
            Urls = ResourceUrls.Of(Resource, index),
            HealthReports = [.. Resource.Annotations.OfType<HealthCheckAnnotation>().Select(check => new HealthReportSnapshot(check.Key, null, null, null))],
        });
        logger.LogInformation("Resource {Id} runs as process {Pid}", Id, pid);
        _ = WatchAsync(launched);
    }

    private async Task WatchAsync(SupervisedProcess watched) => Ended(KnownResourceStates.Finished, await watched.Exited, watched);

    private void Ended(string state, int exitCode, SupervisedProcess ended)
    {
        lock (gate)
        {
            if (!ReferenceEquals(process, ended)) return;
            // A stop that was asked for is told by the one who asked.
            if (state == KnownResourceStates.Finished && IsStopping) state = KnownResourceStates.Exited;
            process = null;
            Publish(snapshot => snapshot with { State = state, ExitCode = exitCode, StopTimeStamp = DateTime.UtcNow });
        }
        if (state == KnownResourceStates.Exited) logger.LogInformation("Resource {Id} stopped", Id);
        else if (exitCode == 0) logger.LogInformation("Resource {Id} finished", Id);
        else logger.LogError("Resource {Id} exited unexpectedly with code {ExitCode}; its last lines:{Lines}", Id, exitCode, LastLines());
    }

    private bool IsStopping => notifications.TryGetCurrentState(Id, out var known) && known.Snapshot.State?.Text == KnownResourceStates.Stopping;

    private string LastLines() => string.Concat(loggers.LinesAfter(Id, 0).TakeLast(8).Select(line => $"{Environment.NewLine}    {line.Content}"));

    private IEnumerable<string> Names => Id == Resource.Name ? [Id] : [Resource.Name, Id];

    private void OnLine(string line, bool isError) => loggers.Append(Names, line, isError);
}
