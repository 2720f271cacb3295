using Grpc.Net.Client;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Client;

/// <summary>
/// A platform, over gRPC. One client serves any number of threads and calls, over one connection that comes back by itself. Calls
/// throw <see cref="RftException"/> and its kinds; cancelling a call throws <see cref="OperationCanceledException"/>.
/// </summary>
public sealed class RftClient : IDisposable
{
    /// <summary>Where a platform that was started with its defaults listens for gRPC.</summary>
    public static Uri DefaultAddress { get; } = new("http://127.0.0.1:7081");

    private readonly GrpcChannel _channel;

    /// <param name="address">The platform's gRPC address.</param>
    /// <param name="apiKey">An API key, <c>sk-rft-…</c>.</param>
    /// <param name="options">Deadlines and retries; the defaults without.</param>
    public RftClient(Uri address, string? apiKey, RftClientOptions? options = null)
    {
        var policy = new CallPolicy(apiKey, options ?? new RftClientOptions());
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = policy.Options.HttpHandler ?? Connections(address),
            DisposeHttpClient = policy.Options.HttpHandler is null,
            // Pages of jobs may be long: each brings its grader and its annotation.
            MaxReceiveMessageSize = null,
        });
        Files = new FilesClient(new FileService.FileServiceClient(_channel), policy);
        Jobs = new JobsClient(new JobService.JobServiceClient(_channel), policy);
        Models = new ModelsClient(new ModelService.ModelServiceClient(_channel), policy);
        Chat = new ChatClient(new ChatService.ChatServiceClient(_channel), policy);
        Graders = new GradersClient(new GraderWorkbench.GraderWorkbenchClient(_channel), policy);
        Evals = new EvalsClient(new EvalService.EvalServiceClient(_channel), policy);
        Webhooks = new WebhooksClient(new WebhookService.WebhookServiceClient(_channel), policy);
        Keys = new KeysClient(new KeyService.KeyServiceClient(_channel), policy);
    }

    /// <summary>Datasets and results.</summary>
    public FilesClient Files { get; }
    /// <summary>Fine-tuning jobs, their events, checkpoints and rollouts.</summary>
    public JobsClient Jobs { get; }
    /// <summary>Base and tuned models.</summary>
    public ModelsClient Models { get; }
    /// <summary>Answers of models.</summary>
    public ChatClient Chat { get; }
    /// <summary>Graders before a job depends on them.</summary>
    public GradersClient Graders { get; }
    /// <summary>Graders run over a model's answers, and what came of it.</summary>
    public EvalsClient Evals { get; }
    /// <summary>Addresses that are told of the ends of jobs and eval runs.</summary>
    public WebhooksClient Webhooks { get; }
    /// <summary>API keys, limits and the audit log; for admins.</summary>
    public KeysClient Keys { get; }

    /// <summary>Closes the connection. Calls that are under way fail.</summary>
    public void Dispose() => _channel.Dispose();

    // A watch may be silent for hours: pings tell a quiet platform from one that is gone. HTTP/2 without TLS passes no proxy.
    private static SocketsHttpHandler Connections(Uri address) => new()
    {
        ConnectTimeout = TimeSpan.FromSeconds(10),
        EnableMultipleHttp2Connections = true,
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        UseProxy = address.Scheme == Uri.UriSchemeHttps,
    };
}
