using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using RftAspire.Embedded.Tests.Grpc.V1;
using Status = Grpc.Core.Status;

namespace RftAspire.Embedded.Tests.Grpc;

/// <summary>What a test may learn from, or tell, the service while a call runs.</summary>
public sealed class ProbeState
{
    private long _written;

    public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource<Exception?> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource WriteBlocked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Messages that Count has written.</summary>
    public long Written => Interlocked.Read(ref _written);

    public void CountWritten() => Interlocked.Increment(ref _written);

    public async Task<T> Watch<T>(Func<Task<T>> run)
    {
        Started.TrySetResult();
        try
        {
            var result = await run();
            Ended.TrySetResult(null);
            return result;
        }
        catch (Exception e)
        {
            Ended.TrySetResult(e);
            throw;
        }
    }
}

public sealed class ProbeService(ProbeState state) : Probe.ProbeBase
{
    public override Task<EchoReply> Echo(EchoRequest request, ServerCallContext context) =>
        Task.FromResult(new EchoReply { Text = request.Text, Data = request.Data });

    public override Task<Number> Sum(IAsyncStreamReader<Number> requestStream, ServerCallContext context) =>
        state.Watch(async () =>
        {
            var sum = new Number();
            await foreach (var number in requestStream.ReadAllAsync(context.CancellationToken))
            {
                if (number.Value < 0)
                {
                    throw new RpcException(new Status(StatusCode.InvalidArgument, "value must not be negative"));
                }
                sum.Value += number.Value;
            }
            return sum;
        });

    public override Task Count(
        CountRequest request, IServerStreamWriter<Number> responseStream, ServerCallContext context) =>
        state.Watch(async () =>
        {
            var padding = ByteString.CopyFrom(new byte[request.Padding]);
            for (var value = 1L; value <= request.Count; value++)
            {
                var write = responseStream.WriteAsync(
                    new Number { Value = value, Padding = padding }, context.CancellationToken);
                if (!write.IsCompleted)
                {
                    state.WriteBlocked.TrySetResult();
                }
                await write;
                state.CountWritten();
            }
            await (request.Stay ? Task.Delay(Timeout.Infinite, context.CancellationToken) : Task.CompletedTask);
            return true;
        });

    public override async Task Chat(
        IAsyncStreamReader<EchoRequest> requestStream,
        IServerStreamWriter<EchoReply> responseStream,
        ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(new EchoReply { Text = request.Text.ToUpperInvariant() });
        }
    }

    public override async Task<EchoReply> Mirror(EchoRequest request, ServerCallContext context)
    {
        var headers = new Metadata();
        foreach (var entry in context.RequestHeaders.Where(entry => entry.Key.StartsWith("x-", StringComparison.Ordinal)))
        {
            headers.Add(Renamed("h-", entry));
            context.ResponseTrailers.Add(Renamed("t-", entry));
        }
        await context.WriteResponseHeadersAsync(headers);
        return new EchoReply { Text = $"{context.GetHttpContext().Request.Protocol} {context.Method} {context.Peer}" };
    }

    public override Task<EchoReply> Fail(FailRequest request, ServerCallContext context)
    {
        if (request.Code < 2)
        {
            throw request.Code == 0
                ? new InvalidDataException(request.Detail)
                : new OperationCanceledException(request.Detail);
        }
        var fields = new BadRequest
        {
            FieldViolations = { new BadRequest.Types.FieldViolation { Field = "steps", Description = "muß > 0 sein" } },
        };
        var details = new Google.Rpc.Status
        {
            Code = request.Code,
            Message = request.Detail,
            Details = { Google.Protobuf.WellKnownTypes.Any.Pack(fields) },
        };
        throw new RpcException(
            new Status((StatusCode)request.Code, request.Detail),
            new Metadata { { "grpc-status-details-bin", details.ToByteArray() }, { "reason", "probe" } });
    }

    public override Task<EchoReply> Hang(EchoRequest request, ServerCallContext context) =>
        state.Watch<EchoReply>(async () =>
        {
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            throw new InvalidOperationException("An infinite wait ended.");
        });

    public override Task<EchoReply> HangDeaf(EchoRequest request, ServerCallContext context) =>
        state.Watch(async () =>
        {
            await state.Release.Task;
            return new EchoReply { Text = "late" };
        });

    private static Metadata.Entry Renamed(string prefix, Metadata.Entry entry) => entry.IsBinary
        ? new Metadata.Entry(prefix + entry.Key[2..], entry.ValueBytes)
        : new Metadata.Entry(prefix + entry.Key[2..], entry.Value);
}
