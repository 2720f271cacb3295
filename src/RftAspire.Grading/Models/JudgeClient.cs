using Grpc.Core;
using Grpc.Net.Client;
using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;

namespace RftAspire.Grading.Models;

/// <summary>Grading's line to Judge. Judge keeps deadlines and tries again by itself; what reaches Grading as an error is Judge being away, or a mistake of the grader's author.</summary>
public sealed class JudgeClient(IConfiguration configuration) : IDisposable
{
    private const string Setting = "services:judge:grpc:0";
    // Above all that Judge waits for; this only ends a call that hangs.
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(15);

    private readonly Uri? _address = configuration.ServiceAddress("judge", "grpc", "http");
    private GrpcChannel? _channel;

    /// <summary>The judgement, a failure of the call as one too.</summary>
    public async Task<Judgement> AskAsync(Func<JudgeService.JudgeServiceClient, CallOptions, AsyncUnaryCall<Judgement>> ask, CancellationToken cancellation)
    {
        if (_address is null) return Failure(JudgeFailureKind.Rejected, $"the address of Judge is not set; set {Setting}");
        var channel = LazyInitializer.EnsureInitialized(ref _channel, () => GrpcChannel.ForAddress(_address));
        try
        {
            return await ask(new JudgeService.JudgeServiceClient(channel), new CallOptions(deadline: DateTime.UtcNow + s_deadline, cancellationToken: cancellation));
        }
        catch (RpcException error) when (!cancellation.IsCancellationRequested)
        {
            return error.StatusCode is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.FailedPrecondition
                ? Failure(JudgeFailureKind.Rejected, error.Status.Detail)
                : Failure(JudgeFailureKind.Unavailable, $"Judge at {_address} failed: {error.StatusCode} {error.Status.Detail}");
        }
    }

    public void Dispose() => _channel?.Dispose();

    private static Judgement Failure(string kind, string message) => new() { Failure = new JudgeFailure { Kind = kind, Message = message } };
}
