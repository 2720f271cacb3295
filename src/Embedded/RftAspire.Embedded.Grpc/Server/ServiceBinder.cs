using System.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace RftAspire.Embedded.Grpc.Server;

/// <summary>Maps one endpoint per method of <typeparamref name="TService"/>.</summary>
internal sealed class ServiceBinder<TService>(
    IEndpointRouteBuilder routes, GrpcServiceOptions options, ILogger<ServerCall> logger) : ServiceBinderBase
    where TService : class
{
    private static readonly ObjectFactory<TService> Create = ActivatorUtilities.CreateFactory<TService>([]);

    public List<IEndpointConventionBuilder> Endpoints { get; } = [];

    public HashSet<string> ServiceNames { get; } = [];

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var target = Target(method, typeof(TRequest));
        var run = target.CreateDelegate<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>();
        Map(method, target, async (service, call) =>
        {
            var request = await call.ReadSingleAsync(method.RequestMarshaller);
            await call.WriteSingleAsync(method.ResponseMarshaller, await run(service, request, call));
        });
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var target = Target(method, typeof(IAsyncStreamReader<TRequest>));
        var run = target.CreateDelegate<
            Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>();
        Map(method, target, async (service, call) =>
        {
            var requests = new RequestReader<TRequest>(call, method.RequestMarshaller);
            await call.WriteSingleAsync(method.ResponseMarshaller, await run(service, requests, call));
        });
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var target = Target(method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>));
        var run = target.CreateDelegate<
            Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>();
        Map(method, target, async (service, call) =>
        {
            var request = await call.ReadSingleAsync(method.RequestMarshaller);
            await run(service, request, new ResponseWriter<TResponse>(call, method.ResponseMarshaller), call);
        });
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var target = Target(method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>));
        var run = target.CreateDelegate<
            Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>();
        Map(method, target, (service, call) => run(
            service,
            new RequestReader<TRequest>(call, method.RequestMarshaller),
            new ResponseWriter<TResponse>(call, method.ResponseMarshaller),
            call));
    }

    private static MethodInfo Target(IMethod method, params Type[] parameters) =>
        typeof(TService).GetMethod(method.Name, [.. parameters, typeof(ServerCallContext)])
        ?? throw new InvalidOperationException($"{typeof(TService)} has no method for {method.FullName}.");

    private void Map(IMethod method, MethodInfo target, Func<TService, ServerCall, Task> handle)
    {
        ServiceNames.Add(method.ServiceName);
        Endpoints.Add(routes
            .MapPost(method.FullName, http => ServeAsync(http, method, handle))
            .WithDisplayName($"gRPC - {method.FullName}")
            .WithMetadata([
                new GrpcMethodMetadata(typeof(TService), method),
                .. typeof(TService).GetCustomAttributes(inherit: true),
                .. target.GetCustomAttributes(inherit: true),
            ]));
    }

    private async Task ServeAsync(HttpContext http, IMethod method, Func<TService, ServerCall, Task> handle)
    {
        if (!await GrpcProtocol.AcceptAsync(http))
        {
            return;
        }
        using var call = new ServerCall(http, method, options, logger);
        await call.RunAsync(async () =>
        {
            var registered = http.RequestServices.GetService<TService>();
            var service = registered ?? Create(http.RequestServices, null);
            try
            {
                await handle(service, call);
            }
            finally
            {
                await DisposeAsync(registered is null ? service : null);
            }
        });
    }

    // The container disposes of what it made itself.
    private static async ValueTask DisposeAsync(TService? service)
    {
        if (service is IAsyncDisposable asyncDisposable)
        {
            await asyncDisposable.DisposeAsync();
        }
        else
        {
            (service as IDisposable)?.Dispose();
        }
    }
}
