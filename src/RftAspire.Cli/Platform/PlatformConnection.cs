using Grpc.Core;
using Grpc.Net.Client;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Platform;

/// <summary>The gRPC channel to Jobs.</summary>
public sealed class PlatformConnection : IDisposable
{
    private const int GraderCallsAtOnce = 16;
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(30);
    private readonly GrpcChannel _channel;

    private PlatformConnection(GrpcChannel channel)
    {
        _channel = channel;
        Jobs = new JobService.JobServiceClient(channel);
        Models = new ModelService.ModelServiceClient(channel);
        Workbench = new GraderWorkbench.GraderWorkbenchClient(channel);
    }

    public JobService.JobServiceClient Jobs { get; }
    public ModelService.ModelServiceClient Models { get; }
    public GraderWorkbench.GraderWorkbenchClient Workbench { get; }

    /// <summary>Room for the calls of a grader that are under way.</summary>
    public SemaphoreSlim GraderCalls { get; } = new(GraderCallsAtOnce);

    public static Uri Address(string server) =>
        Uri.TryCreate(server, UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")
            ? address
            : throw new UsageException($"--server {server}: not an address; write it as {CommandLine.DefaultServer}");

    public static PlatformConnection To(string server, string? key) =>
        new(GrpcChannel.ForAddress(Address(server), new GrpcChannelOptions { HttpHandler = new KeyHandler(key), DisposeHttpClient = true }));

    /// <summary>Options of a call that is answered at once.</summary>
    public static CallOptions Promptly(CancellationToken cancellationToken) => Within(AnswerTime, cancellationToken);

    public static CallOptions Within(TimeSpan time, CancellationToken cancellationToken) =>
        new(deadline: DateTime.UtcNow + time, cancellationToken: cancellationToken);

    public void Dispose()
    {
        GraderCalls.Dispose();
        _channel.Dispose();
    }
}
