using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    /// <summary>Gives the connection string and its parts to the resource.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithConnectionString> source,
        string? connectionName = null, bool optional = false) where TDestination : IResourceWithEnvironment
    {
        var resource = source.Resource;
        var name = connectionName ?? resource.Name;
        return builder.WithEnvironment(async context =>
        {
            var value = await resource.GetConnectionStringAsync(context.CancellationToken);
            if (value is null && !optional)
                throw new DistributedApplicationException($"The connection string of '{resource.Name}', which '{builder.Resource.Name}' needs, has no value.");
            if (value is null) return;
            context.EnvironmentVariables[resource.ConnectionStringEnvironmentVariable ?? $"ConnectionStrings__{name}"] = resource;
            foreach (var (property, expression) in resource.GetConnectionProperties())
                context.EnvironmentVariables[$"{VariableName(name)}_{property.ToUpperInvariant()}"] = expression;
        });
    }

    /// <summary>Gives the addresses of all endpoints of a service to the resource.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithServiceDiscovery> source)
        where TDestination : IResourceWithEnvironment => builder.WithReference(source, source.Resource.Name);

    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithServiceDiscovery> source, string name)
        where TDestination : IResourceWithEnvironment => builder.WithEnvironment(context =>
        {
            foreach (var endpoint in source.Resource.Annotations.OfType<EndpointAnnotation>()) AddService(context, name, endpoint);
        });

    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, EndpointReference endpointReference)
        where TDestination : IResourceWithEnvironment =>
        builder.WithEnvironment(context => AddService(context, endpointReference.Resource.Name, endpointReference.EndpointAnnotation));

    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, string name, Uri uri) where TDestination : IResourceWithEnvironment
    {
        if (!uri.IsAbsoluteUri || !uri.AbsolutePath.EndsWith('/') || uri.Query.Length > 0)
            throw new InvalidOperationException($"The address '{uri}' of '{name}' must be absolute, end in '/' and have no query.");
        return builder.WithEnvironment($"services__{name}__default__0", uri.ToString());
    }

    // Named by endpoint, as up to 13.1; every replica is an entry of its own, since no proxy stands before them.
    private static void AddService(EnvironmentCallbackContext context, string name, EndpointAnnotation endpoint)
    {
        for (var i = 0; i < endpoint.Instances.Count; i++)
            context.EnvironmentVariables[$"services__{name}__{endpoint.Name}__{i}"] = endpoint.Instances[i].UriString;
        if (endpoint.AllocatedEndpoint is { } first)
            context.EnvironmentVariables[$"{VariableName(name)}_{VariableName(endpoint.Name)}"] = first.UriString;
    }

    private static string VariableName(string name) =>
        string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));
}
