using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Knows the state of every resource and tells watchers of each change.</summary>
public sealed class ResourceNotificationService
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, ResourceEvent> current = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Channel<ResourceEvent>> watchers = [];

    public Task PublishUpdateAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory) =>
        PublishUpdateAsync(resource, resource.Name, stateFactory);

    public Task PublishUpdateAsync(IResource resource, string resourceId, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        lock (gate)
        {
            var before = current.TryGetValue(resourceId, out var known) ? known.Snapshot : new() { ResourceType = resource.GetType().Name };
            var change = current[resourceId] = new(resource, resourceId, stateFactory(before));
            foreach (var watcher in watchers) watcher.Writer.TryWrite(change);
        }
        return Task.CompletedTask;
    }

    public bool TryGetCurrentState(string resourceId, [NotNullWhen(true)] out ResourceEvent? resourceEvent)
    {
        lock (gate)
        {
            resourceEvent = current.GetValueOrDefault(resourceId)
                ?? current.Values.FirstOrDefault(change => SameName(change.Resource.Name, resourceId));
            return resourceEvent is not null;
        }
    }

    internal IReadOnlyList<ResourceEvent> Current()
    {
        lock (gate) return [.. current.Values];
    }

    /// <summary>The present state of every resource, then each change.</summary>
    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<ResourceEvent>();
        lock (gate)
        {
            foreach (var known in current.Values) channel.Writer.TryWrite(known);
            watchers.Add(channel);
        }
        try
        {
            await foreach (var change in channel.Reader.ReadAllAsync(cancellationToken)) yield return change;
        }
        finally
        {
            lock (gate) watchers.Remove(channel);
        }
    }

    public async Task<ResourceEvent> WaitForResourceAsync(string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        await foreach (var change in WatchAsync(cancellationToken))
        {
            if ((SameName(change.Resource.Name, resourceName) || SameName(change.ResourceId, resourceName)) && predicate(change)) return change;
        }
        throw new OperationCanceledException($"The application stopped while waiting for resource '{resourceName}'.");
    }

    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, [targetState ?? KnownResourceStates.Running], cancellationToken);

    public async Task<string> WaitForResourceAsync(string resourceName, IEnumerable<string> targetStates, CancellationToken cancellationToken = default)
    {
        var wanted = targetStates.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var change = await WaitForResourceAsync(resourceName, seen => seen.Snapshot.State is { } state && wanted.Contains(state.Text), cancellationToken);
        return change.Snapshot.State!.Text;
    }

    public Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        WaitForResourceHealthyAsync(resourceName, WaitBehavior.StopOnResourceUnavailable, cancellationToken);

    public async Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, WaitBehavior waitBehavior, CancellationToken cancellationToken = default)
    {
        var change = await WaitForResourceAsync(resourceName, seen => seen.Snapshot.HealthStatus == HealthStatus.Healthy
            || (waitBehavior == WaitBehavior.StopOnResourceUnavailable && HasEnded(seen.Snapshot)), cancellationToken);
        return !HasEnded(change.Snapshot) ? change : throw new DistributedApplicationException(
            $"Resource '{resourceName}' cannot become healthy: it is {change.Snapshot.State!.Text}, exit code {change.Snapshot.ExitCode}.");
    }

    internal static bool HasEnded(CustomResourceSnapshot snapshot) =>
        snapshot.State is { } state && KnownResourceStates.TerminalStates.Contains(state.Text);

    private static bool SameName(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
