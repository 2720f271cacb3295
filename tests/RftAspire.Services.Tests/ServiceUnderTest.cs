using Grpc.Net.Client;
using MassTransit;
using MassTransit.Testing;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RftAspire.Contracts;

namespace RftAspire.Services.Tests;

/// <summary>A service's real program on a bus in memory and an artifact store of its own.</summary>
/// <typeparam name="TEntry">Any public type of the service.</typeparam>
internal sealed class ServiceUnderTest<TEntry> : IDisposable where TEntry : class
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rft-service-");
    private readonly WebApplicationFactory<TEntry> _factory;

    public ServiceUnderTest(params (string Name, string Value)[] settings)
    {
        _factory = new WebApplicationFactory<TEntry>().WithWebHostBuilder(host =>
        {
            host.UseSetting("Artifacts:Root", _folder.FullName).UseSetting(ServiceKey.Setting, KeyHandler.OfServices);
            // A machine's own Redis is not for tests.
            host.UseSetting("Grading:CacheTime", "00:00:00");
            foreach (var (name, value) in settings) host.UseSetting(name, value);
            // A loaded machine may pause longer between two messages than the harness waits by itself.
            host.ConfigureServices(services => services.AddMassTransitTestHarness(bus => bus.SetTestTimeouts(s_patience, s_patience)));
        });
        Harness = _factory.Services.GetRequiredService<ITestHarness>();
    }

    public ITestHarness Harness { get; }

    public ArtifactStore Store => _factory.Services.GetRequiredService<ArtifactStore>();

    public T Get<T>() where T : notnull => _factory.Services.GetRequiredService<T>();

    /// <summary>Calls the service without a port.</summary>
    public GrpcChannel Channel() =>
        GrpcChannel.ForAddress(_factory.Server.BaseAddress, new GrpcChannelOptions { HttpHandler = new KeyHandler(KeyHandler.OfServices, _factory.Server.CreateHandler()), DisposeHttpClient = true });

    public static JobSpec Spec(string jobId, string grader) => new()
    {
        JobId = jobId,
        Model = "base",
        TunedModelName = "base-tuned",
        TrainingDatasetId = "file-train",
        ValidationDatasetId = "file-valid",
        GraderJson = grader,
        Hyperparameters = new Hyperparameters(),
        Seed = 1,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    public void Dispose()
    {
        _factory.Dispose();
        if (Directory.Exists(_folder.FullName)) _folder.Delete(recursive: true);
    }
}
