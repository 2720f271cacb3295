using System.Net;
using System.Text;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using MassTransit;
using MassTransit.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RftAspire.Contracts;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Grading.Workbench;
using RftAspire.Jobs;

namespace RftAspire.Services.Tests.Jobs;

/// <summary>
/// The Jobs program as it runs: real Kestrel, real Redis, dataset checks over the wire; only the bus is in memory.
/// </summary>
public class JobsUnderTest : IAsyncLifetime
{
    public const string Grader = """{"type":"label_set","name":"f1","reference":"{{item.labels}}"}""";
    public const string GoodRow = """{"messages":[{"role":"user","content":"hi"}]}""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rft-jobs-");
    private WebApplication? _ingestion;
    private ListeningService<GraderWorkbenchService>? _grading;
    private WebApplicationFactory<JobsGrpcService>? _factory;
    private GrpcChannel? _channel;

    public RedisServer Redis { get; } = new();
    public JobService.JobServiceClient Client => new(_channel!);
    public FileService.FileServiceClient FileClient => new(_channel!);
    public ModelService.ModelServiceClient ModelClient => new(_channel!);
    public WebhookService.WebhookServiceClient WebhookClient => new(_channel!);
    public GraderWorkbench.GraderWorkbenchClient Workbench => new(_channel!);
    public GrpcChannel AdminChannel => _channel!;
    public HttpClient Http { get; private set; } = new();
    public ArtifactStore Artifacts { get; private set; } = null!;
    public IServiceProvider Services => _factory!.Services;
    public ITestHarness Harness => Services.GetRequiredService<ITestHarness>();

    public virtual async Task InitializeAsync()
    {
        Artifacts = new ArtifactStore(Path.Combine(_folder.FullName, "artifacts"), Path.Combine(_folder.FullName, "models"));
        WriteModel(Path.Combine(Artifacts.BaseModels, "base"), """{"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]},"y":{"dtype":"F32","shape":[5],"data_offsets":[48,68]}}""");
        if (!RedisServer.IsInstalled) return;
        await Redis.InitializeAsync();
        _ingestion = await StartIngestionAsync();
        if (HasGrading) _grading = ListeningService<GraderWorkbenchService>.Start(Artifacts, ("services:judge:grpc:0", JudgeAddress));
        _factory = new WebApplicationFactory<JobsGrpcService>().WithWebHostBuilder(Configure);
        _factory.UseKestrel();
        _factory.StartServer();
        Started();
        // In the order of the endpoints' names: grpc, http.
        var addresses = Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();
        (GrpcAddress, Http.BaseAddress) = (new Uri(addresses[0]), new Uri(addresses[1]));
        Http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        _channel = Channel(Key);
        // The bus is up before a test counts on a command to leave in time.
        await PublishAsync(new JobCancelled("ftjob-nobody"));
    }

    /// <summary>The platform's first key, of role admin.</summary>
    public string Key => File.ReadAllText(DevKeyFile).Trim();

    public Uri GrpcAddress { get; private set; } = null!;
    public string DevKeyFile => Path.Combine(_folder.FullName, "dev-key");

    /// <summary>A way to the service with another key, or with none.</summary>
    public GrpcChannel Channel(string? key) => GrpcChannel.ForAddress(GrpcAddress, new GrpcChannelOptions
    {
        HttpHandler = new KeyHandler(key),
        DisposeHttpClient = true,
    });

    public Task PublishAsync(object message) => Services.GetRequiredService<IBus>().Publish(message);

    /// <summary>Uploads text as one dataset.</summary>
    public Task<StoredFile> UploadAsync(string text) => UploadAsync([Header("rows.jsonl"), Data(text)]);

    public async Task<StoredFile> UploadAsync(IEnumerable<UploadFileRequest> parts)
    {
        using var call = FileClient.UploadFile();
        try
        {
            foreach (var part in parts) await call.RequestStream.WriteAsync(part);
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException)
        {
            // The server answers a bad request before its end; the answer says why.
        }
        return await call.ResponseAsync;
    }

    public async Task<CreateJobRequest> RequestAsync() => new()
    {
        Model = "base",
        TrainingDatasetId = (await UploadAsync(GoodRow)).Id,
        GraderJson = Grader,
    };

    /// <summary>Waits until something is so that the service's queues lead to.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await holds()) await Task.Delay(10, deadline.Token);
    }

    /// <summary>Files that an upload could leave behind.</summary>
    public IEnumerable<string> StoredFiles() =>
        Directory.EnumerateFiles(Artifacts.Root, "*.jsonl*", SearchOption.AllDirectories);

    public static UploadFileRequest Header(string filename) => new() { Header = new FileHeader { Filename = filename } };

    public static UploadFileRequest Data(string text) => new() { Data = ByteString.CopyFromUtf8(text) };

    public static async Task<RpcException> FailsAsync(Func<Task> call, StatusCode code)
    {
        var error = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, error.StatusCode);
        return error;
    }

    /// <summary>Fields of the google.rpc.BadRequest that an error carries.</summary>
    public static string[] Fields(RpcException error)
    {
        var details = Google.Rpc.Status.Parser.ParseFrom(error.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.Equal((int)StatusCode.InvalidArgument, details.Code);
        return [.. details.Details.Single().Unpack<BadRequest>().FieldViolations.Select(violation => violation.Field)];
    }

    public static void WriteModel(string folder, string header)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), "{}");
        var json = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), [.. BitConverter.GetBytes((ulong)json.Length), .. json]);
    }

    public virtual async Task DisposeAsync()
    {
        _channel?.Dispose();
        Http.Dispose();
        if (_factory is not null) await _factory.DisposeAsync();
        if (_ingestion is not null) await _ingestion.DisposeAsync();
        if (_grading is not null) await _grading.DisposeAsync();
        await Redis.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Whether Grading runs too; else nobody listens at its address.</summary>
    protected virtual bool HasGrading => false;

    /// <summary>Of the Judge that Grading asks; null without one.</summary>
    protected virtual string? JudgeAddress => null;

    /// <summary>Who checks datasets: words in lines here, so that tests can choose what is wrong.</summary>
    protected virtual void MapChecks(WebApplication ingestion) => ingestion.MapGrpcService<LineChecks>();

    /// <summary>Settings of this service alone.</summary>
    protected virtual Dictionary<string, string?> Settings => [];

    /// <summary>Parts of this service alone.</summary>
    protected virtual void Replace(IServiceCollection services)
    {
    }

    /// <summary>What this service alone needs once it runs.</summary>
    protected virtual void Started()
    {
    }

    private void Configure(IWebHostBuilder host)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Kestrel:Endpoints:http:Url"] = "http://127.0.0.1:0",
            ["Kestrel:Endpoints:grpc:Url"] = "http://127.0.0.1:0",
            ["ConnectionStrings:redis"] = Redis.ConnectionString,
            ["Artifacts:Root"] = Artifacts.Root,
            ["Artifacts:BaseModels"] = Artifacts.BaseModels,
            [ServiceKey.Setting] = KeyHandler.OfServices,
            ["services:ingestion:grpc:0"] = _ingestion!.Urls.Single(),
            ["services:grading:grpc:0"] = _grading?.Address ?? "http://127.0.0.1:1",
            ["Access:DevKeyFile"] = DevKeyFile,
            ["Access:RequestsPerSecond"] = "0",
            ["Jobs:MaxDatasetBytes"] = "3000000",
            ["Jobs:CommandDeadline"] = "01:00:00",
            ["Jobs:Webhooks:Interval"] = "00:00:00.050",
            ["Jobs:Webhooks:RetryDelay"] = "00:00:00.020",
            ["Jobs:Webhooks:Tries"] = "3",
            ["Jobs:WatchInterval"] = "00:00:00.050",
        };
        foreach (var (name, value) in Settings) settings[name] = value;
        host.ConfigureAppConfiguration(configuration => configuration.AddInMemoryCollection(settings));
        host.ConfigureServices(services => Replace(services.AddMassTransitTestHarness()));
    }

    private async Task<WebApplication> StartIngestionAsync()
    {
        // The test folder holds the services' appsettings.json; this host must not read it.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = _folder.FullName });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(Artifacts);
        builder.Services.AddGrpc();
        var app = builder.Build();
        MapChecks(app);
        await app.StartAsync();
        return app;
    }
}
