using System.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RftAspire.Embedded.Grpc.Server;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Routing of gRPC services.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    /// <summary>Serves all methods of <typeparamref name="TService"/>, which is made anew for each call.</summary>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        var unimplemented = builder.ServiceProvider.GetService<UnimplementedEndpoints>()
            ?? throw new InvalidOperationException("MapGrpcService needs the gRPC server: call builder.Services.AddGrpc() first.");
        var binder = new ServiceBinder<TService>(
            builder,
            builder.ServiceProvider.GetRequiredService<IOptions<GrpcServiceOptions>>().Value,
            builder.ServiceProvider.GetRequiredService<ILogger<ServerCall>>());
        BindMethodOf(typeof(TService)).Invoke(null, [binder, null]);
        binder.Endpoints.AddRange(unimplemented.Map(builder, binder.ServiceNames));
        return new GrpcServiceEndpointConventionBuilder(binder.Endpoints);
    }

    private static MethodInfo BindMethodOf(Type service)
    {
        for (var type = service; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is not { } bind)
            {
                continue;
            }
            const BindingFlags anyStatic = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
            return bind.BindType.GetMethod(bind.BindMethodName, anyStatic, [typeof(ServiceBinderBase), type])
                ?? throw new InvalidOperationException($"{bind.BindType} has no method {bind.BindMethodName}(ServiceBinderBase, {type.Name}).");
        }
        throw new InvalidOperationException(
            $"{service} is no gRPC service: derive it from the base class that Grpc.Tools generates for its .proto service.");
    }
}

/// <summary>Adds conventions, such as authorization, to the endpoints of one service.</summary>
public sealed class GrpcServiceEndpointConventionBuilder : IEndpointConventionBuilder
{
    private readonly IReadOnlyList<IEndpointConventionBuilder> _endpoints;

    internal GrpcServiceEndpointConventionBuilder(IReadOnlyList<IEndpointConventionBuilder> endpoints) =>
        _endpoints = endpoints;

    public void Add(Action<EndpointBuilder> convention)
    {
        foreach (var endpoint in _endpoints)
        {
            endpoint.Add(convention);
        }
    }
}
