using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RftAspire.Embedded.Tests.Grpc.V1;

namespace RftAspire.Embedded.Tests.Grpc;

/// <summary>The probe service on a free port of a real Kestrel.</summary>
public sealed class ProbeServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<GrpcChannel> _channels = [];

    private ProbeServer(WebApplication app) => _app = app;

    public ProbeState State => _app.Services.GetRequiredService<ProbeState>();

    public string Address => _app.Urls.Single();

    public Probe.ProbeClient Client => field ??= Connect();

    public static async Task<ProbeServer> StartAsync(
        Action<GrpcServiceOptions>? configure = null, HttpProtocols protocols = HttpProtocols.Http2, bool unhealthy = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        builder.Services.AddSingleton<ProbeState>();
        builder.Services.AddGrpc(configure ?? (_ => { }));
        builder.Services.AddGrpcReflection();
        builder.Services.AddGrpcHealthChecks().AddCheck(
            "probe", () => unhealthy ? HealthCheckResult.Unhealthy() : HealthCheckResult.Degraded());
        var app = builder.Build();
        app.MapGrpcService<ProbeService>();
        app.MapGrpcReflectionService();
        app.MapGrpcHealthChecksService();
        await app.StartAsync();
        return new ProbeServer(app);
    }

    public Probe.ProbeClient Connect(GrpcChannelOptions? options = null) => new(Channel(options));

    public GrpcChannel Channel(GrpcChannelOptions? options = null)
    {
        var channel = GrpcChannel.ForAddress(Address, options ?? new GrpcChannelOptions());
        _channels.Add(channel);
        return channel;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        State.Release.TrySetResult();
        _channels.ForEach(channel => channel.Dispose());
        await _app.DisposeAsync();
    }
}
