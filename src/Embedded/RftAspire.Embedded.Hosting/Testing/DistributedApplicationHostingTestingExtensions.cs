using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.Testing;

/// <summary>How a test reaches the resources of a started application.</summary>
public static class DistributedApplicationHostingTestingExtensions
{
    public static HttpClient CreateHttpClient(this DistributedApplication app, string resourceName, string? endpointName = null) =>
        new() { BaseAddress = app.GetEndpoint(resourceName, endpointName) };

    /// <summary>The address of the endpoint; without a name, that of http, then https.</summary>
    public static Uri GetEndpoint(this DistributedApplication app, string resourceName, string? endpointName = null)
    {
        var resource = Find(app, resourceName);
        string[] names = endpointName is null ? ["http", "https"] : [endpointName];
        var endpoint = names.SelectMany(name => resource.Annotations.OfType<EndpointAnnotation>().Where(e => string.Equals(e.Name, name, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault() ?? throw new ArgumentException($"Resource '{resourceName}' has no endpoint '{string.Join("' or '", names)}'.", nameof(endpointName));
        return endpoint.AllocatedEndpoint is { } allocated
            ? new Uri(allocated.UriString)
            : throw new InvalidOperationException("The application has not started.");
    }

    public static ValueTask<string?> GetConnectionStringAsync(this DistributedApplication app, string resourceName, CancellationToken cancellationToken = default) =>
        Find(app, resourceName) is IResourceWithConnectionString resource
            ? resource.GetConnectionStringAsync(cancellationToken)
            : throw new ArgumentException($"Resource '{resourceName}' has no connection string.", nameof(resourceName));

    private static IResource Find(DistributedApplication app, string name) =>
        app.Services.GetRequiredService<DistributedApplicationModel>().Resources
            .FirstOrDefault(resource => string.Equals(resource.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"Resource '{name}' not found.", nameof(name));
}
