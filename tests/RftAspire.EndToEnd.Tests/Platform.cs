using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.ForeignClients;
using RftAspire.Services.Tests;

namespace RftAspire.EndToEnd.Tests;

/// <summary>The whole platform as AppHost.cs describes it, on ports and in a folder of its own.</summary>
public sealed class Platform : IAsyncDisposable
{
    private static readonly string[] s_services = ["ingestion", "sampling", "judge", "grading", "training", "jobs"];
    private readonly DistributedApplication _app;
    private readonly GrpcChannel _channel;

    private Platform(DistributedApplication app, string keyFile)
    {
        (_app, KeyFile) = (app, keyFile);
        Address = app.GetEndpoint("jobs", "grpc");
        _channel = GrpcChannel.ForAddress(Address.ToString(), new GrpcChannelOptions { HttpHandler = new KeyHandler(Key), DisposeHttpClient = true });
        Jobs = new JobService.JobServiceClient(_channel);
        Files = new FileService.FileServiceClient(_channel);
    }

    /// <summary>The tests that start a platform: each one wants both cores.</summary>
    public const string OneAtATime = "platform";

    public Uri Address { get; }
    /// <summary>Where the platform keeps its first key.</summary>
    public string KeyFile { get; }
    public string Key => File.ReadAllText(KeyFile).Trim();
    public JobService.JobServiceClient Jobs { get; }
    public FileService.FileServiceClient Files { get; }

    public static string Sample => Path.Combine(NodeFactAttribute.Repository, "samples", "eurovoc");
    public static string Grader => File.ReadAllText(Path.Combine(Sample, "grader.json"));
    public const string Model = "eurovoc-base-5m";

    /// <param name="samplers">Sampling processes.</param>
    /// <param name="baseModels">Folder of the base models; the repository's without.</param>
    /// <param name="artifacts">Folder of the artifact store; the host's own without.</param>
    /// <param name="settings">Settings of services, as environment variables.</param>
    public static async Task<Platform> StartAsync(
        int samplers = 1, string? baseModels = null, string? artifacts = null, Dictionary<string, string>? settings = null)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        string[] arguments =
        [
            $"--Parameters:sampling-replicas={samplers}",
            $"--Artifacts:BaseModels={baseModels ?? Path.Combine(NodeFactAttribute.Repository, "models")}",
            .. artifacts is null ? (string[])[] : [$"--Artifacts:Root={artifacts}"],
        ];
        foreach (var (name, value) in settings ?? []) Environment.SetEnvironmentVariable(name, value);
        try
        {
            return await StartAsync(arguments, patience);
        }
        finally
        {
            foreach (var name in (settings ?? []).Keys) Environment.SetEnvironmentVariable(name, null);
        }
    }

    private static async Task<Platform> StartAsync(string[] arguments, CancellationTokenSource patience)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.RftAspire_AppHost>(arguments, patience.Token);
        var app = await builder.BuildAsync(patience.Token);
        await app.StartAsync(patience.Token);
        try
        {
            foreach (var service in s_services) await app.ResourceNotifications.WaitForResourceHealthyAsync(service, patience.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or DistributedApplicationException)
        {
            var states = await Task.WhenAll(s_services.Union(["messaging", "redis"]).Select(name => StateAsync(app, name)));
            throw new InvalidOperationException($"the platform did not start:\n{string.Join('\n', states)}", failure);
        }
        var data = Path.GetFullPath(builder.Configuration["Hosting:DataDirectory"]!, builder.AppHostDirectory);
        return new Platform(app, Path.Combine(data, "dev-key"));
    }

    /// <summary>How a resource stands, with the end of its console.</summary>
    private static async Task<string> StateAsync(DistributedApplication app, string name)
    {
        var lines = await app.Services.GetRequiredService<ResourceLoggerService>().GetAllAsync(name).FirstAsync();
        var snapshot = app.ResourceNotifications.TryGetCurrentState(name, out var known) ? known.Snapshot : null;
        return $"{name}: {snapshot?.State?.Text}, {snapshot?.HealthStatus}\n{string.Join('\n', lines.TakeLast(25).Select(line => $"  {line.Content}"))}";
    }

    /// <summary>A client of the REST face.</summary>
    public HttpClient Rest() => new()
    {
        BaseAddress = _app.GetEndpoint("jobs", "http"),
        DefaultRequestHeaders = { Authorization = new("Bearer", Key) },
        Timeout = TimeSpan.FromMinutes(5),
    };

    public Task<string> UploadAsync(int rows) => UploadAsync(string.Join('\n', File.ReadLines(Path.Combine(Sample, "train.jsonl")).Take(rows)));

    public async Task<string> UploadAsync(string lines)
    {
        using var call = Files.UploadFile();
        await call.RequestStream.WriteAsync(new UploadFileRequest { Header = new FileHeader { Filename = "train.jsonl" } });
        await call.RequestStream.WriteAsync(new UploadFileRequest { Data = ByteString.CopyFromUtf8(lines) });
        await call.RequestStream.CompleteAsync();
        return (await call.ResponseAsync).Id;
    }

    public Task<Job> CreateAsync(int steps) => CreateAsync(Grader, new Hyperparameters { Steps = steps, PromptsPerStep = 8, GroupSize = 4 });

    public async Task<Job> CreateAsync(string grader, Hyperparameters hyperparameters) => await Jobs.CreateJobAsync(new CreateJobRequest
    {
        Model = Model,
        TrainingDatasetId = await UploadAsync(40),
        GraderJson = grader,
        Seed = 5,
        Hyperparameters = hyperparameters,
    });

    /// <summary>Events in order, until the job has ended.</summary>
    public async IAsyncEnumerable<JobEvent> WatchAsync(string jobId)
    {
        using var call = Jobs.WatchJob(new WatchJobRequest { JobId = jobId }, deadline: DateTime.UtcNow.AddMinutes(5));
        await foreach (var jobEvent in call.ResponseStream.ReadAllAsync()) yield return jobEvent;
    }

    public async Task<(Job Job, List<JobEvent> Events)> FinishAsync(string jobId)
    {
        var events = new List<JobEvent>();
        await foreach (var jobEvent in WatchAsync(jobId)) events.Add(jobEvent);
        return (await Jobs.GetJobAsync(new GetJobRequest { JobId = jobId }), events);
    }

    /// <summary>kill -9 of a service's process, then a new one in its place.</summary>
    public async Task KillAndRestartAsync(string service)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var running = await _app.ResourceNotifications.WaitForResourceHealthyAsync(service, patience.Token);
        var pid = (int)running.Snapshot.Properties.Single(property => property.Name == "executable.pid").Value!;
        Process.GetProcessById(pid).Kill();
        await _app.ResourceNotifications.WaitForResourceAsync(running.ResourceId, seen => seen.Snapshot.ExitCode is not null, patience.Token);
        await _app.ResourceCommands.ExecuteCommandAsync(running.ResourceId, "start", patience.Token);
        await _app.ResourceNotifications.WaitForResourceAsync(running.ResourceId, seen => seen.Snapshot.HealthStatus == HealthStatus.Healthy, patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _app.DisposeAsync();
    }
}
