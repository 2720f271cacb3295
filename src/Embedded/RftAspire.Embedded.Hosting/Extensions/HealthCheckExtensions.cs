using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Orchestration;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

/// <summary>What can be said of resources: environment, references, endpoints, waits, health.</summary>
public static partial class ResourceBuilderExtensions
{
    /// <summary>Links a check registered in the builder's services.</summary>
    public static IResourceBuilder<T> WithHealthCheck<T>(this IResourceBuilder<T> builder, string key) where T : IResource =>
        builder.WithAnnotation(new HealthCheckAnnotation(key));

    /// <summary>The resource is healthy while a GET of the path gives the expected status.</summary>
    public static IResourceBuilder<T> WithHttpHealthCheck<T>(
        this IResourceBuilder<T> builder, string? path = null, int? statusCode = null, string? endpointName = null)
        where T : IResourceWithEndpoints
    {
        var endpoint = endpointName is not null ? builder.GetEndpoint(endpointName)
            : builder.Resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(e => e.UriScheme is "http" or "https") is { } first
                ? builder.GetEndpoint(first.Name)
                : throw new DistributedApplicationException(
                    $"Could not create HTTP health check for resource '{builder.Resource.Name}': it has no HTTP endpoint. Add one first.");
        var key = $"{builder.Resource.Name}_{endpoint.EndpointName}_{path}_{statusCode ?? 200}_check";
        builder.ApplicationBuilder.Services.AddHealthChecks()
            .AddTypeActivatedCheck<HttpHealthCheck>(key, new HttpProbe(endpoint, path ?? "/", statusCode ?? 200));
        return builder.WithHealthCheck(key);
    }
}
