using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>Options of all gRPC services of a host.</summary>
public class GrpcServiceOptions
{
    internal const int DefaultMaxReceiveMessageSize = 4 * 1024 * 1024;

    /// <summary>Largest request message in bytes; null lifts the limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = DefaultMaxReceiveMessageSize;

    /// <summary>Largest response message in bytes; null, the default, sets no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Tells clients the type and message of unexpected exceptions; for development only.</summary>
    public bool? EnableDetailedErrors { get; set; }
}

/// <summary>Further set-up of gRPC services.</summary>
public interface IGrpcServerBuilder
{
    IServiceCollection Services { get; }
}

/// <summary>Endpoint metadata: which service type and method an endpoint serves.</summary>
public sealed class GrpcMethodMetadata(Type serviceType, global::Grpc.Core.IMethod method)
{
    public Type ServiceType { get; } = serviceType;

    public global::Grpc.Core.IMethod Method { get; } = method;
}
