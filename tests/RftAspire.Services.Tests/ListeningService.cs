using MassTransit;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RftAspire.Contracts;

namespace RftAspire.Services.Tests;

/// <summary>A service's real program behind Kestrel on a free port, for whoever calls it over the wire; its bus is in memory.</summary>
/// <typeparam name="TEntry">Any public type of the service.</typeparam>
internal sealed class ListeningService<TEntry> : IAsyncDisposable where TEntry : class
{
    private readonly WebApplicationFactory<TEntry> _factory;

    private ListeningService(ArtifactStore artifacts, (string Name, string? Value)[] settings)
    {
        var all = settings.ToDictionary(setting => setting.Name, setting => setting.Value);
        (all["Kestrel:Endpoints:http:Url"], all["Kestrel:Endpoints:grpc:Url"]) = ("http://127.0.0.1:0", "http://127.0.0.1:0");
        _factory = new WebApplicationFactory<TEntry>().WithWebHostBuilder(host => host
            // Read while the program starts, before the other settings are in place.
            .UseSetting(ServiceKey.Setting, KeyHandler.OfServices)
            .UseSetting("Artifacts:Root", artifacts.Root)
            .UseSetting("Artifacts:BaseModels", artifacts.BaseModels)
            .ConfigureAppConfiguration(configuration => configuration.AddInMemoryCollection(all))
            .ConfigureServices(services => services.AddMassTransitTestHarness()));
        _factory.UseKestrel();
        _factory.StartServer();
    }

    public static ListeningService<TEntry> Start(ArtifactStore artifacts, params (string Name, string? Value)[] settings) => new(artifacts, settings);

    /// <summary>Of the gRPC endpoint, which comes before that of HTTP by its name.</summary>
    public string Address => _factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public ValueTask DisposeAsync() => _factory.DisposeAsync();
}
