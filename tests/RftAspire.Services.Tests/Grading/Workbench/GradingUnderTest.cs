using MassTransit;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts;
using RftAspire.Grading.Workbench;

namespace RftAspire.Services.Tests.Grading.Workbench;

/// <summary>The Grading program behind Kestrel on a free port, for whoever calls it over the wire.</summary>
internal sealed class GradingUnderTest : IAsyncDisposable
{
    private readonly WebApplicationFactory<GraderWorkbenchService> _factory;

    private GradingUnderTest(ArtifactStore artifacts)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Kestrel:Endpoints:http:Url"] = "http://127.0.0.1:0",
            ["Kestrel:Endpoints:grpc:Url"] = "http://127.0.0.1:0",
        };
        _factory = new WebApplicationFactory<GraderWorkbenchService>().WithWebHostBuilder(host => host
            // Read while the program starts, before the other settings are in place.
            .UseSetting("Artifacts:Root", artifacts.Root)
            .ConfigureAppConfiguration(configuration => configuration.AddInMemoryCollection(settings))
            .ConfigureServices(services => services.AddMassTransitTestHarness()));
        _factory.UseKestrel();
        _factory.StartServer();
    }

    public static GradingUnderTest Start(ArtifactStore artifacts) => new(artifacts);

    /// <summary>Of the gRPC endpoint, which comes before that of HTTP by its name.</summary>
    public string Address => _factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public ValueTask DisposeAsync() => _factory.DisposeAsync();
}
