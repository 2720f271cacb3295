using System.Collections;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Orchestration;

/// <summary>Turns the description of a resource into a running process with the variables that Aspire gives it.</summary>
internal sealed class ProcessFactory(
    IConfiguration configuration, AppHostLocation location, IHostEnvironment environment,
    DistributedApplicationExecutionContext executionContext, ResourceLoggerService loggers)
{
    // The host's own settings, which would lead a child astray.
    private static readonly string[] NotInherited =
        ["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "ASPNETCORE_URLS", "DOTNET_LAUNCH_PROFILE", "DOTNET_HOST_FACTORY_RESOLVER_DEFAULT_TIMEOUT_IN_SECONDS"];

    public DataDirectory Data => DataDirectory.Of(configuration, location.Directory);

    public async Task<(SupervisedProcess Process, IReadOnlyDictionary<string, string> Own)> StartAsync(
        IResource resource, int index, string id, Action<string, bool> onLine, CancellationToken cancellationToken)
    {
        ReplicaScope.Enter(resource, index);
        var spec = resource.Annotations.OfType<ProcessAnnotation>().Single().Describe(new(resource.Name, Data));
        RequireProgram(resource, spec);
        var own = await OwnVariablesAsync(resource, id, spec, cancellationToken);
        var args = await ArgsAsync(resource, cancellationToken);
        var all = Inherited();
        foreach (var (name, value) in own) all[name] = value;
        return (SupervisedProcess.Start(spec with { Args = [.. spec.Args, .. args] }, all, onLine), own);
    }

    private static void RequireProgram(IResource resource, ProcessSpec spec)
    {
        if (Programs.Find(spec.FileName, spec.WorkingDirectory) is null)
            throw new DistributedApplicationException($"Program '{spec.FileName}' of resource '{resource.Name}' was not found.");
        if (!Directory.Exists(spec.WorkingDirectory))
            throw new DistributedApplicationException($"Working directory '{spec.WorkingDirectory}' of resource '{resource.Name}' does not exist.");
    }

    private async Task<Dictionary<string, string>> OwnVariablesAsync(IResource resource, string id, ProcessSpec spec, CancellationToken cancellationToken)
    {
        var values = spec.Environment.ToDictionary(pair => pair.Key, pair => (object)pair.Value);
        AddPorts(resource, values);
        if (resource is ProjectResource) AddProjectDefaults(resource, id, values);
        var context = new EnvironmentCallbackContext(executionContext, resource, values, cancellationToken) { Logger = loggers.GetLogger(id) };
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToArray()) await annotation.Callback(context);
        var resolved = new Dictionary<string, string>();
        foreach (var (name, value) in values) resolved[name] = await TextAsync(value, cancellationToken);
        return resolved;
    }

    private static async Task<List<string>> ArgsAsync(IResource resource, CancellationToken cancellationToken)
    {
        var args = new List<object>();
        foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToArray())
            await annotation.Callback(new(args, cancellationToken));
        var texts = new List<string>();
        foreach (var arg in args) texts.Add(await TextAsync(arg, cancellationToken));
        return texts;
    }

    private static async ValueTask<string> TextAsync(object value, CancellationToken cancellationToken) => value switch
    {
        string text => text,
        IValueProvider provider => await provider.GetValueAsync(cancellationToken) ?? "",
        IResourceBuilder<IResource> { Resource: IValueProvider provider } => await provider.GetValueAsync(cancellationToken) ?? "",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private static void AddPorts(IResource resource, Dictionary<string, object> values)
    {
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.TargetPortEnvironmentVariable is not null))
            values[endpoint.TargetPortEnvironmentVariable!] = endpoint.Instances[ReplicaScope.IndexOf(resource)].Port;
    }

    private void AddProjectDefaults(IResource resource, string id, Dictionary<string, object> values)
    {
        AddAddresses(resource, values);
        values["OTEL_SERVICE_NAME"] = resource.Name;
        values["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={id[(resource.Name.Length + 1)..]}";
        values["LOGGING__CONSOLE__FORMATTERNAME"] = "simple";
        values["DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION"] = "true";
        if (!environment.IsDevelopment()) return;
        foreach (var name in (string[])["OTEL_BLRP_SCHEDULE_DELAY", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL"]) values[name] = "1000";
        values["OTEL_TRACES_SAMPLER"] = "always_on";
        values["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
    }

    private static void AddAddresses(IResource resource, Dictionary<string, object> values)
    {
        var endpoints = resource.Annotations.OfType<EndpointAnnotation>()
            .Where(endpoint => endpoint.UriScheme is "http" or "https" && endpoint.TargetPortEnvironmentVariable is null)
            .Select(endpoint => (endpoint.Name, Url: endpoint.Instances[ReplicaScope.IndexOf(resource)].UriString)).ToArray();
        // Kestrel's own settings win over ASPNETCORE_URLS, so a project that has some is told about every endpoint their way.
        if (resource.Annotations.OfType<KestrelEndpointAnnotation>().Any())
        {
            foreach (var (name, url) in endpoints) values[$"Kestrel__Endpoints__{name}__Url"] = url;
        }
        else if (endpoints.Length > 0)
        {
            values["ASPNETCORE_URLS"] = string.Join(';', endpoints.Select(endpoint => endpoint.Url));
        }
    }

    private static Dictionary<string, string> Inherited() => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .Where(entry => !NotInherited.Contains((string)entry.Key))
        .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "");
}
