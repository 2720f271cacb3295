using Grpc.Core;
using Grpc.Net.Client;
using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Grading.Remote;

namespace RftAspire.Grading.Models;

/// <summary>
/// Grading's line to Judge, one a model: where most questions to it fail, further ones wait, and their jobs pause. Judge keeps deadlines
/// and tries again by itself.
/// </summary>
public sealed class JudgeClient(IConfiguration configuration, RemoteLines lines) : IDisposable
{
    private const string Setting = "services:judge:grpc:0";
    // Above all that Judge waits for; this only ends a call that hangs.
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(15);

    private readonly Uri? _address = configuration.ServiceAddress("judge", "grpc", "http");
    private GrpcChannel? _channel;

    /// <summary>The judgement; what goes wrong is an outcome of it.</summary>
    public async Task<Judgement> AskAsync(
        Question question, Func<JudgeService.JudgeServiceClient, CallOptions, AsyncUnaryCall<Judgement>> ask, CancellationToken cancellation)
    {
        if (_address is null) return Failure(JudgeFailureKind.Rejected, $"the address of Judge is not set; set {Setting}");
        var client = new JudgeService.JudgeServiceClient(LazyInitializer.EnsureInitialized(ref _channel, () => GrpcChannel.ForAddress(_address, new GrpcChannelOptions { HttpHandler = ServiceKey.ToServices(configuration), DisposeHttpClient = true })));
        var job = question.JobId.Length == 0 ? null : question.JobId;
        try
        {
            return await lines.ToJudge(question.Model).CallAsync(token => TryAsync(client, ask, token), s_deadline, pace: null, job, cancellation);
        }
        catch (RemoteFault fault)
        {
            return Failure(JudgeFailureKind.Unavailable, fault.Message);
        }
    }

    public void Dispose() => _channel?.Dispose();

    private static async Task<Judgement> TryAsync(
        JudgeService.JudgeServiceClient client, Func<JudgeService.JudgeServiceClient, CallOptions, AsyncUnaryCall<Judgement>> ask, CancellationToken cancellation)
    {
        try
        {
            var judgement = await ask(client, new CallOptions(deadline: DateTime.UtcNow + s_deadline, cancellationToken: cancellation));
            return judgement.Failure is { Kind: JudgeFailureKind.Unavailable } failure ? throw new RemoteFault(failure.Kind, failure.Message) : judgement;
        }
        catch (RpcException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (RpcException error) when (error.StatusCode is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.FailedPrecondition)
        {
            return Failure(JudgeFailureKind.Rejected, error.Status.Detail);
        }
        catch (RpcException error)
        {
            throw new RemoteFault(JudgeFailureKind.Unavailable, $"Judge answers {error.StatusCode}: {error.Status.Detail}") { IsAway = error.StatusCode == StatusCode.Unavailable };
        }
    }

    private static Judgement Failure(string kind, string message) => new() { Failure = new JudgeFailure { Kind = kind, Message = message } };
}
