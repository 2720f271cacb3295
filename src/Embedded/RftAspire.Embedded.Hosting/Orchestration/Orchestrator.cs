using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Orchestration;

/// <summary>Starts every resource when its time has come and stops them all: dependants first, servers last.</summary>
internal sealed class Orchestrator(
    DistributedApplicationModel model, DistributedApplicationOptions options, IConfiguration configuration, ProcessFactory factory,
    ResourceNotificationService notifications, ResourceLoggerService loggers, ResourceCommandService commands, HealthMonitor health,
    ILogger<DistributedApplication> logger) : IDisposable
{
    private readonly SemaphoreSlim stopping = new(1);
    private readonly List<ResourceInstance> instances = [];
    private FileStream? dataLock;

    public IReadOnlyList<ResourceInstance> Instances => instances;

    /// <summary>Refuses what cannot work, then sets every resource going; does not wait for them.</summary>
    public async Task StartAsync()
    {
        await CheckAsync();
        var behavior = options.DisableDashboard ? WaitBehavior.StopOnResourceUnavailable : WaitBehavior.WaitOnResourceUnavailable;
        var dependencies = new DependencyGate(notifications, behavior, ReplicasOf);
        foreach (var resource in model.Resources) Create(resource, dependencies);
        commands.Attach(ExecuteAsync);
        foreach (var group in instances.GroupBy(instance => instance.Resource)) health.Watch([.. group]);
        foreach (var instance in instances.Where(instance => !instance.Resource.Annotations.OfType<ExplicitStartupAnnotation>().Any()))
            _ = instance.StartAsync();
    }

    public async Task StopAsync()
    {
        await stopping.WaitAsync();
        try
        {
            var servers = instances.Where(KeepsData).ToArray();
            await Task.WhenAll(instances.Except(servers).Select(instance => instance.StopAsync()));
            await Task.WhenAll(servers.Select(instance => instance.StopAsync()));
            dataLock?.Dispose();
        }
        finally
        {
            stopping.Release();
        }
    }

    public void Dispose()
    {
        dataLock?.Dispose();
        stopping.Dispose();
        foreach (var instance in instances) instance.Dispose();
    }

    private async Task CheckAsync()
    {
        var processes = model.Resources.SelectMany(resource => resource.Annotations.OfType<ProcessAnnotation>()).ToArray();
        var obstacles = processes.Select(process => process.FindObstacle()).OfType<string>().Distinct().ToArray();
        if (obstacles.Length > 0) throw new DistributedApplicationException(string.Join(" ", obstacles));
        if (processes.Any(process => process.KeepsData)) dataLock = factory.Data.Lock();
        foreach (var parameter in model.Resources.OfType<ParameterResource>()) await parameter.GetValueAsync();
        var ports = new Ports(configuration);
        foreach (var resource in model.Resources) await ports.AllocateAsync(resource, ReplicasOf(resource));
    }

    private void Create(IResource resource, DependencyGate dependencies)
    {
        for (var i = 0; i < ReplicasOf(resource); i++)
        {
            var hasProcess = resource.Annotations.OfType<ProcessAnnotation>().Any();
            var id = hasProcess ? $"{resource.Name}-{RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", 8)}" : resource.Name;
            var instance = new ResourceInstance(resource, i, id, factory, dependencies, notifications, loggers, logger);
            instances.Add(instance);
            instance.Publish(snapshot => snapshot with { State = KnownResourceStates.NotStarted });
        }
    }

    private async Task<ExecuteCommandResult> ExecuteAsync(string name, string command, CancellationToken cancellationToken)
    {
        var chosen = instances.Where(instance => instance.HasProcess
            && (Same(instance.Id, name) || Same(instance.Resource.Name, name))).ToArray();
        if (chosen.Length == 0) return CommandResults.Failure($"There is no process of the name '{name}'.");
        if (command is not ("start" or "stop" or "restart")) return CommandResults.Failure($"Command '{command}' is not one of start, stop, restart.");
        if (command != KnownResourceCommands.StartCommand) await Task.WhenAll(chosen.Select(instance => instance.StopAsync())).WaitAsync(cancellationToken);
        if (command != KnownResourceCommands.StopCommand) await Task.WhenAll(chosen.Select(instance => instance.StartAsync())).WaitAsync(cancellationToken);
        return CommandResults.Success();
    }

    private static bool KeepsData(ResourceInstance instance) => instance.Resource.Annotations.OfType<ProcessAnnotation>().Any(process => process.KeepsData);

    private static int ReplicasOf(IResource resource) => resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
