using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Orchestration;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly HostApplicationBuilder inner;
    private readonly DistributedApplicationOptions options;
    private readonly EntryPointSession? session = EntryPointSession.Current;

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        this.options = options;
        session?.Prepare(options);
        AppHostAssembly = session?.Assembly ?? (options.AssemblyName is { } name ? Assembly.Load(name) : Assembly.GetEntryAssembly());
        AppHostDirectory = ProjectDirectory(AppHostAssembly) ?? Directory.GetCurrentDirectory();
        inner = new(new HostApplicationBuilderSettings { Args = options.Args, ContentRootPath = AppHostDirectory });
        ConfigureHost();
    }

    public ConfigurationManager Configuration => inner.Configuration;
    public string AppHostDirectory { get; }
    public Assembly? AppHostAssembly { get; }
    public IHostEnvironment Environment => inner.Environment;
    public IServiceCollection Services => inner.Services;
    public DistributedApplicationExecutionContext ExecutionContext { get; } = new();
    public IResourceCollection Resources { get; } = new ResourceCollection();

    public IResourceBuilder<T> AddResource<T>(T resource) where T : IResource
    {
        if (Resources.Any(other => string.Equals(other.Name, resource.Name, StringComparison.OrdinalIgnoreCase)))
            throw new DistributedApplicationException($"Cannot add resource '{resource.Name}': the application already has one of that name.");
        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource) where T : IResource => new ResourceBuilder<T>(this, resource);

    public DistributedApplication Build()
    {
        if (session is null) return BuildNow();
        session.AwaitPermissionToBuild(this);
        var application = BuildNow();
        session.OnBuilt(application);
        return application;
    }

    private DistributedApplication BuildNow() => new(inner.Build(), session);

    private void ConfigureHost()
    {
        Services.AddSingleton(options);
        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton(new DistributedApplicationModel(Resources));
        Services.AddSingleton(new AppHostLocation(AppHostDirectory));
        Services.AddSingleton<ResourceNotificationService>();
        Services.AddSingleton<ResourceLoggerService>();
        Services.AddSingleton<ResourceCommandService>();
        Services.AddSingleton<HealthMonitor>();
        Services.AddSingleton<ProcessFactory>();
        Services.AddSingleton<Orchestrator>();
        Services.AddHostedService<ApplicationService>();
        Services.AddHealthChecks();
        Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(45));
        Services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        inner.Logging.AddSimpleConsole(console => console.SingleLine = true);
        // Failed starts are told in one line by Run, and health by the resource's state.
        inner.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        inner.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        inner.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
    }

    private static string? ProjectDirectory(Assembly? assembly) => assembly?.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(metadata => metadata.Key == "apphostprojectpath" && Directory.Exists(metadata.Value))?.Value;
}

internal sealed record AppHostLocation(string Directory);

internal sealed class ResourceBuilder<T>(IDistributedApplicationBuilder applicationBuilder, T resource) : IResourceBuilder<T> where T : IResource
{
    public IDistributedApplicationBuilder ApplicationBuilder { get; } = applicationBuilder;
    public T Resource { get; } = resource;

    public IResourceBuilder<T> WithAnnotation<TAnnotation>(TAnnotation annotation, ResourceAnnotationMutationBehavior behavior)
        where TAnnotation : IResourceAnnotation
    {
        if (behavior == ResourceAnnotationMutationBehavior.Replace)
        {
            foreach (var old in Resource.Annotations.OfType<TAnnotation>().ToArray()) Resource.Annotations.Remove(old);
        }
        Resource.Annotations.Add(annotation);
        return this;
    }
}
