using System.Collections.ObjectModel;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Anything the application is made of: a process, a server, a parameter.</summary>
public interface IResource
{
    string Name { get; }
    ResourceAnnotationCollection Annotations { get; }
}

/// <summary>A fact recorded about a resource by the builder methods.</summary>
public interface IResourceAnnotation;

/// <summary>The facts recorded about one resource, in the order of the calls.</summary>
public sealed class ResourceAnnotationCollection : Collection<IResourceAnnotation>;

/// <summary>A resource that takes environment variables.</summary>
public interface IResourceWithEnvironment : IResource;

/// <summary>A resource that takes command line arguments.</summary>
public interface IResourceWithArgs : IResource;

/// <summary>A resource that listens on ports.</summary>
public interface IResourceWithEndpoints : IResource
{
    EndpointReference GetEndpoint(string endpointName) => new(this, endpointName);
}

/// <summary>A resource whose endpoints other resources find by its name.</summary>
public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

/// <summary>A resource that can wait for others before it starts.</summary>
public interface IResourceWithWaitSupport : IResource;

/// <summary>A value that is known only when the application runs.</summary>
public interface IValueProvider
{
    ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default);
}

/// <summary>A value that can be named in a manifest.</summary>
public interface IManifestExpressionProvider
{
    string ValueExpression { get; }
}

/// <summary>A resource that others reach by a connection string.</summary>
public interface IResourceWithConnectionString : IResource, IManifestExpressionProvider, IValueProvider
{
    ReferenceExpression ConnectionStringExpression { get; }
    string? ConnectionStringEnvironmentVariable => null;
    string IManifestExpressionProvider.ValueExpression => $"{{{Name}.connectionString}}";

    ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        ConnectionStringExpression.GetValueAsync(cancellationToken);

    ValueTask<string?> IValueProvider.GetValueAsync(CancellationToken cancellationToken) => GetConnectionStringAsync(cancellationToken);

    IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() => [];
}

/// <summary>The base of all resources: a checked name and its annotations.</summary>
public abstract class Resource : IResource
{
    protected Resource(string name)
    {
        ResourceName.Check(name);
        Name = name;
    }

    public string Name { get; }
    public ResourceAnnotationCollection Annotations { get; } = [];
}

internal static class ResourceName
{
    /// <summary>The rule that the real analyzer applies to literal names when it builds.</summary>
    public static void Check(string name)
    {
        var valid = name.Length is > 0 and <= 64 && char.IsAsciiLetter(name[0]) && name[^1] != '-'
            && !name.Contains("--", StringComparison.Ordinal) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
        if (!valid)
            throw new ArgumentException($"Resource name '{name}' is invalid: 1 to 64 ASCII letters, digits and single hyphens, a letter first, no hyphen last.", nameof(name));
    }
}
