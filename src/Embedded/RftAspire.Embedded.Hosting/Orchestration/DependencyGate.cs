using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Orchestration;

/// <summary>Holds a resource back until what it waits for has come to pass.</summary>
internal sealed class DependencyGate(ResourceNotificationService notifications, WaitBehavior defaultBehavior, Func<IResource, int> replicasOf)
{
    public Task WaitAsync(IResource resource, CancellationToken cancellationToken) =>
        Task.WhenAll(resource.Annotations.OfType<WaitAnnotation>().Select(wait => WaitAsync(resource, wait, cancellationToken)));

    private async Task WaitAsync(IResource resource, WaitAnnotation wait, CancellationToken cancellationToken)
    {
        var states = new Dictionary<string, CustomResourceSnapshot>();
        var stops = (wait.WaitBehavior ?? defaultBehavior) == WaitBehavior.StopOnResourceUnavailable;
        await foreach (var change in notifications.WatchAsync(cancellationToken))
        {
            if (!ReferenceEquals(change.Resource, wait.Resource)) continue;
            states[change.ResourceId] = change.Snapshot;
            if (states.Count == replicasOf(wait.Resource) && states.Values.All(snapshot => IsSatisfied(wait, snapshot))) return;
            if (IsHopeless(wait, change.Snapshot, stops))
                throw new DistributedApplicationException(
                    $"'{resource.Name}' waits for '{wait.Resource.Name}', which is {change.Snapshot.State!.Text} with exit code {change.Snapshot.ExitCode}.");
        }
    }

    private static bool IsSatisfied(WaitAnnotation wait, CustomResourceSnapshot snapshot) => wait.WaitType switch
    {
        WaitType.WaitUntilHealthy => snapshot.HealthStatus == HealthStatus.Healthy,
        WaitType.WaitUntilStarted => snapshot.State?.Text == KnownResourceStates.Running,
        _ => ResourceNotificationService.HasEnded(snapshot) && snapshot.ExitCode == wait.ExitCode,
    };

    private static bool IsHopeless(WaitAnnotation wait, CustomResourceSnapshot snapshot, bool stops) =>
        ResourceNotificationService.HasEnded(snapshot) && !IsSatisfied(wait, snapshot) && (stops || wait.WaitType == WaitType.WaitForCompletion);
}
