using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Services.Tests.Cli;

/// <summary>A platform that answers what the test says and remembers what it was asked, over real gRPC.</summary>
public sealed class FakeJobService : JobService.JobServiceBase
{
    public Job Job { get; set; } = new() { Id = "ftjob-1", State = JobState.Succeeded, TunedModel = "tiny-tuned", WeightsDigest = "abc" };
    /// <summary>What lists show.</summary>
    public List<Job> Jobs { get; set; } = [new() { Id = "ftjob-1", State = JobState.Succeeded }];
    public List<JobEvent> Events { get; } = [];
    /// <summary>The first watch breaks off after so many events, as when the platform restarts.</summary>
    public int? BreakAfter { get; set; }
    /// <summary>A watch stays open after the recorded events.</summary>
    public bool KeepOpen { get; set; }
    public TaskCompletionSource Watching { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<Checkpoint> Checkpoints { get; } = [];
    public List<Rollout> Rollouts { get; } = [];
    /// <summary>Rollouts of one page at most.</summary>
    public int LongestPage { get; set; } = 1000;
    /// <summary>What the platform answers to a question for a job, where it has no answer.</summary>
    public RpcException? Fault { get; set; }
    /// <summary>How often it does so first.</summary>
    public int Faults { get; set; } = int.MaxValue;
    public List<LineageEntry> Lineage { get; } = [];

    public CreateJobRequest? Created { get; private set; }
    /// <summary>The last request of a query.</summary>
    public IMessage? Asked { get; private set; }
    public List<long> WatchedAfter { get; } = [];

    public override Task<Job> CreateJob(CreateJobRequest request, ServerCallContext context)
    {
        Created = request;
        return Task.FromResult(Job);
    }

    public override Task<Job> GetJob(GetJobRequest request, ServerCallContext context) =>
        Fault is not null && Faults-- > 0 ? throw Fault : request.JobId == Job.Id ? Task.FromResult(Job) : throw new RpcException(new(StatusCode.NotFound, $"there is no job '{request.JobId}'"));

    public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context)
    {
        Asked = request;
        var from = request.After.Length == 0 ? 0 : Jobs.FindIndex(job => job.Id == request.After) + 1;
        return Task.FromResult(new ListJobsResponse { Jobs = { Jobs.Skip(from).Take(request.PageSize) }, HasMore = from + request.PageSize < Jobs.Count });
    }

    public override Task<ListEventsResponse> ListEvents(ListEventsRequest request, ServerCallContext context)
    {
        Asked = request;
        return Task.FromResult(new ListEventsResponse { Events = { Events.AsEnumerable().Reverse().Take(request.PageSize) }, HasMore = Events.Count > request.PageSize });
    }

    public override Task<ListCheckpointsResponse> ListCheckpoints(ListCheckpointsRequest request, ServerCallContext context)
    {
        Asked = request;
        return Task.FromResult(new ListCheckpointsResponse { Checkpoints = { Checkpoints.Take(request.PageSize) }, HasMore = Checkpoints.Count > request.PageSize });
    }

    public override Task<ListRolloutsResponse> ListRollouts(ListRolloutsRequest request, ServerCallContext context)
    {
        Asked = request.Clone();
        var from = request.PageToken.Length == 0 ? 0 : int.Parse(request.PageToken, System.Globalization.CultureInfo.InvariantCulture);
        var next = Math.Min(from + Math.Min(request.PageSize, LongestPage), Rollouts.Count);
        return Task.FromResult(new ListRolloutsResponse { Rollouts = { Rollouts[from..next] }, NextPageToken = next < Rollouts.Count ? $"{next}" : "" });
    }

    public override async Task GetLineage(GetLineageRequest request, IServerStreamWriter<LineageEntry> responseStream, ServerCallContext context)
    {
        Asked = request;
        foreach (var entry in Lineage) await responseStream.WriteAsync(entry, context.CancellationToken);
    }

    public override Task<Job> PauseJob(PauseJobRequest request, ServerCallContext context) => Task.FromResult(new Job { Id = request.JobId, State = JobState.Pausing });

    public override Task<Job> ResumeJob(ResumeJobRequest request, ServerCallContext context) => Task.FromResult(new Job { Id = request.JobId, State = JobState.Queued });

    public override async Task WatchJob(WatchJobRequest request, IServerStreamWriter<JobEvent> responseStream, ServerCallContext context)
    {
        if (!request.Snapshot) WatchedAfter.Add(request.AfterSequence);
        var sent = 0;
        foreach (var e in Events.Where(e => e.Sequence > request.AfterSequence))
        {
            if (!request.Snapshot && WatchedAfter.Count == 1 && sent++ == BreakAfter) throw new RpcException(new(StatusCode.Unavailable, "restarting"));
            await responseStream.WriteAsync(e, context.CancellationToken);
        }
        if (request.Snapshot || !KeepOpen || Events[^1].StateChanged?.State == JobState.Succeeded) return;
        Watching.TrySetResult();
        await Task.Delay(Timeout.Infinite, context.CancellationToken);
    }

    public override Task<Job> CancelJob(CancelJobRequest request, ServerCallContext context) =>
        throw new RpcException(new(StatusCode.FailedPrecondition, $"job '{request.JobId}' has succeeded; there is nothing to cancel"));

    internal static RpcException Rejected(BadRequest violations)
    {
        var status = new Google.Rpc.Status { Code = 3, Message = "the dataset is rejected", Details = { Any.Pack(violations) } };
        return new RpcException(
            new Grpc.Core.Status(StatusCode.InvalidArgument, status.Message),
            new Metadata { { "grpc-status-details-bin", status.ToByteArray() } });
    }
}

/// <summary>Takes files, or refuses them.</summary>
public sealed class FakeFileService : FileService.FileServiceBase
{
    public BadRequest? Rejection { get; set; }
    public List<string> Deleted { get; } = [];
    public List<(string Name, List<int> Chunks, byte[] Bytes)> Uploads { get; } = [];
    /// <summary>The first upload is turned away with this.</summary>
    public RpcException? TurnedAway { get; set; }
    /// <summary>The connection is cut in the midst of an upload.</summary>
    public bool Cut { get; set; }
    public int Begun { get; private set; }
    public TaskCompletionSource Uploading { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Deletes, and is gone before it can say so.</summary>
    public override Task<DeleteFileResponse> DeleteFile(DeleteFileRequest request, ServerCallContext context)
    {
        if (Deleted.Contains(request.FileId)) throw new RpcException(new(StatusCode.NotFound, $"there is no file '{request.FileId}'"));
        Deleted.Add(request.FileId);
        context.GetHttpContext().Abort();
        return Task.FromResult(new DeleteFileResponse());
    }

    public override async Task<StoredFile> GetFile(GetFileRequest request, ServerCallContext context)
    {
        await Task.Delay(Timeout.Infinite, context.CancellationToken);
        return new();
    }

    public override async Task<StoredFile> UploadFile(IAsyncStreamReader<UploadFileRequest> requestStream, ServerCallContext context)
    {
        if (Begun++ == 0 && TurnedAway is not null) throw TurnedAway;
        var (name, chunks, bytes) = ("", new List<int>(), new MemoryStream());
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            if (requestStream.Current.Header is { } header) name = header.Filename;
            else chunks.Add(requestStream.Current.Data.Length);
            bytes.Write(requestStream.Current.Data.Span);
            if (chunks.Count > 0) Uploading.TrySetResult();
            if (chunks.Count > 0 && Cut) context.GetHttpContext().Abort();
        }
        if (Rejection is not null) throw FakeJobService.Rejected(Rejection);
        Uploads.Add((name, chunks, bytes.ToArray()));
        return new() { Id = $"file-{Uploads.Count}", Filename = name, Rows = 7 };
    }
}

/// <summary>Answers with the last message and how many there were, word by word.</summary>
public sealed class FakeChatService : ChatService.ChatServiceBase
{
    public TaskCompletionSource Answering { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override async Task Complete(CompleteRequest request, IServerStreamWriter<CompleteResponse> responseStream, ServerCallContext context)
    {
        foreach (var text in new[] { request.Messages[^1].Content, $" {request.Messages.Count}" })
            await responseStream.WriteAsync(new() { Delta = new() { Text = text } }, context.CancellationToken);
        Answering.TrySetResult();
        if (request.Messages[^1].Content == "for ever") await Task.Delay(Timeout.Infinite, context.CancellationToken);
        await responseStream.WriteAsync(new() { Delta = new() { FinishReason = "stop" } }, context.CancellationToken);
        await responseStream.WriteAsync(new() { Usage = new() { PromptTokens = 3, CompletionTokens = 2 } }, context.CancellationToken);
    }
}

/// <summary>Has one model.</summary>
public sealed class FakeModelService : ModelService.ModelServiceBase
{
    public override Task<ListModelsResponse> ListModels(ListModelsRequest request, ServerCallContext context) =>
        Task.FromResult(new ListModelsResponse { Models = { new Model { Name = "tiny", Parameters = 3_737_856, Location = "/nowhere/tiny" } } });
}

/// <summary>The fake behind Kestrel on a free port.</summary>
public sealed class FakePlatform : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakePlatform(WebApplication app) => _app = app;

    public FakeJobService Jobs { get; private init; } = new();
    public FakeFileService Files { get; private init; } = new();
    public FakeChatService Chat { get; private init; } = new();
    public string Server => _app.Urls.Single();

    /// <param name="jobs">The service of a platform that was there before.</param>
    /// <param name="port">The port that it had.</param>
    public static async Task<FakePlatform> StartAsync(FakeJobService? jobs = null, int port = 0)
    {
        var (files, chat) = (new FakeFileService(), new FakeChatService());
        jobs ??= new FakeJobService();
        var builder = WebApplication.CreateSlimBuilder();
        // The test folder holds a service's appsettings.json; this host must not take its ports.
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        // A stop cuts what is open, as a kill does.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(1));
        builder.Services.AddSingleton(jobs).AddSingleton(files).AddSingleton<FakeModelService>().AddSingleton(chat);
        var app = builder.Build();
        app.MapGrpcService<FakeJobService>();
        app.MapGrpcService<FakeFileService>();
        app.MapGrpcService<FakeModelService>();
        app.MapGrpcService<FakeChatService>();
        await app.StartAsync();
        return new(app) { Jobs = jobs, Files = files, Chat = chat };
    }

    public Task<CliRun> RunAsync(params string[] args) => CliRun.OfAsync(["--server", Server, .. args]);

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
