using System.Globalization;
using System.Net.Sockets;
using Aspire.Hosting.Orchestration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A port that a resource listens on.</summary>
public sealed class EndpointAnnotation(
    ProtocolType protocol, string? uriScheme = null, string? transport = null, string? name = null,
    int? port = null, int? targetPort = null, bool? isExternal = null, bool isProxied = true) : IResourceAnnotation
{
    public ProtocolType Protocol { get; set; } = protocol;
    public string UriScheme { get; set; } = uriScheme ?? "tcp";
    public string Transport { get; set; } = transport ?? "http";
    public string Name { get; } = name ?? uriScheme ?? "tcp";
    public int? Port { get; set; } = port;
    public int? TargetPort { get; set; } = targetPort;
    public bool IsExternal { get; set; } = isExternal ?? false;
    public bool IsProxied { get; set; } = isProxied;
    public string TargetHost { get; set; } = "localhost";
    public string? TargetPortEnvironmentVariable { get; set; }

    /// <summary>The address of the first process; null until the application starts.</summary>
    public AllocatedEndpoint? AllocatedEndpoint => Instances.Count > 0 ? Instances[0] : null;

    /// <summary>One address per process: without a proxy every replica has its own port.</summary>
    internal List<AllocatedEndpoint> Instances { get; } = [];
}

/// <summary>Where an endpoint really is.</summary>
public sealed record AllocatedEndpoint(string UriScheme, string Address, int Port)
{
    public string UriString => $"{UriScheme}://{Address}:{Port}";
    public override string ToString() => UriString;
}

/// <summary>An endpoint of a resource, by name; its address is known once the application starts.</summary>
public sealed class EndpointReference(IResourceWithEndpoints owner, string endpointName) : IManifestExpressionProvider, IValueProvider
{
    public IResourceWithEndpoints Resource { get; } = owner;
    public string EndpointName { get; } = endpointName;
    public EndpointAnnotation EndpointAnnotation => Find() ?? throw new InvalidOperationException(
        $"Resource '{Resource.Name}' has no endpoint '{EndpointName}'; add it by WithEndpoint or WithHttpEndpoint.");
    public bool Exists => Find() is not null;
    public bool IsAllocated => Find()?.AllocatedEndpoint is not null;
    public string Scheme => EndpointAnnotation.UriScheme;
    public string Host => Allocated.Address;
    public int Port => Allocated.Port;
    /// <summary>Without a proxy the process listens on the public port itself.</summary>
    public int? TargetPort => IsAllocated ? Port : EndpointAnnotation.TargetPort;
    public string Url => Allocated.UriString;
    public string ValueExpression => $"{{{Resource.Name}.bindings.{EndpointName}.url}}";

    public EndpointReferenceExpression Property(EndpointProperty property) => new(this, property);
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => new(Url);

    private AllocatedEndpoint Allocated => EndpointAnnotation.Instances.Count > 0
        ? EndpointAnnotation.Instances[ReplicaScope.IndexOf(Resource)]
        : throw new InvalidOperationException($"Endpoint '{EndpointName}' of resource '{Resource.Name}' has no address before the application starts.");

    private EndpointAnnotation? Find() => Resource.Annotations.OfType<EndpointAnnotation>()
        .FirstOrDefault(endpoint => string.Equals(endpoint.Name, EndpointName, StringComparison.OrdinalIgnoreCase));
}

/// <summary>The parts of an endpoint's address.</summary>
public enum EndpointProperty { Url, Host, IPV4Host, Port, Scheme, TargetPort, HostAndPort }

/// <summary>One part of an endpoint's address, as a value for later.</summary>
public sealed class EndpointReferenceExpression(EndpointReference endpoint, EndpointProperty property) : IManifestExpressionProvider, IValueProvider
{
    public EndpointReference Endpoint { get; } = endpoint;
    public EndpointProperty Property { get; } = property;
    public string ValueExpression => $"{{{Endpoint.Resource.Name}.bindings.{Endpoint.EndpointName}.{Property}}}";

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => new(Property switch
    {
        EndpointProperty.Url => Endpoint.Url,
        EndpointProperty.Host => Endpoint.Host,
        EndpointProperty.IPV4Host => "127.0.0.1",
        EndpointProperty.Port => Endpoint.Port.ToString(CultureInfo.InvariantCulture),
        EndpointProperty.TargetPort => Endpoint.TargetPort?.ToString(CultureInfo.InvariantCulture),
        EndpointProperty.Scheme => Endpoint.Scheme,
        EndpointProperty.HostAndPort => $"{Endpoint.Host}:{Endpoint.Port}",
        _ => throw new InvalidOperationException($"'{Property}' is no property of an endpoint."),
    });
}
