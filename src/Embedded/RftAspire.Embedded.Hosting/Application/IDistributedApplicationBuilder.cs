using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>Collects the resources of an application; nothing starts before the application does.</summary>
public interface IDistributedApplicationBuilder
{
    ConfigurationManager Configuration { get; }
    string AppHostDirectory { get; }
    Assembly? AppHostAssembly { get; }
    IHostEnvironment Environment { get; }
    IServiceCollection Services { get; }
    DistributedApplicationExecutionContext ExecutionContext { get; }
    IResourceCollection Resources { get; }

    IResourceBuilder<T> AddResource<T>(T resource) where T : IResource;
    IResourceBuilder<T> CreateResourceBuilder<T>(T resource) where T : IResource;
    DistributedApplication Build();
}

/// <summary>One resource being described.</summary>
public interface IResourceBuilder<out T> where T : IResource
{
    IDistributedApplicationBuilder ApplicationBuilder { get; }
    T Resource { get; }

    IResourceBuilder<T> WithAnnotation<TAnnotation>(TAnnotation annotation, ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append)
        where TAnnotation : IResourceAnnotation;
}

/// <summary>Whether an annotation joins or replaces those of its type.</summary>
public enum ResourceAnnotationMutationBehavior { Append, Replace }

/// <summary>What the application is being built for; this host only runs it.</summary>
public sealed class DistributedApplicationExecutionContext
{
    public bool IsRunMode { get; } = true;
    public bool IsPublishMode => !IsRunMode;
}

/// <summary>How an application is created.</summary>
public sealed class DistributedApplicationOptions
{
    public string[]? Args { get; set; }
    public string? AssemblyName { get; set; }
    public bool DisableDashboard { get; set; }
    public bool EnableResourceLogging { get; set; }
    public bool AllowUnsecuredTransport { get; set; }
}

/// <summary>A mistake of the model or of the machine that the reader can put right; the message says how.</summary>
public class DistributedApplicationException : Exception
{
    public DistributedApplicationException() { }
    public DistributedApplicationException(string message) : base(message) { }
    public DistributedApplicationException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>Where a project is; the build writes one such class per referenced project into the namespace Projects.</summary>
public interface IProjectMetadata
{
    string ProjectPath { get; }
    /// <summary>The built assembly; without one the project is run through the SDK.</summary>
    string? AssemblyPath => null;
}
