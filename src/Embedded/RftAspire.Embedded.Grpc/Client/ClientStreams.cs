using System.Buffers;
using System.Net;
using Grpc.Core;
using RftAspire.Embedded.Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>The responses of a call.</summary>
internal sealed class ResponseReader<TRequest, TResponse>(ClientCall<TRequest, TResponse> call)
    : IAsyncStreamReader<TResponse>
    where TRequest : class
    where TResponse : class
{
    private TResponse? _current;

    public TResponse Current => _current
        ?? throw new InvalidOperationException("No message is current: MoveNext must have returned true.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        using var cancels = cancellationToken.Register(
            () => call.Cancel(new Status(StatusCode.Cancelled, "Call canceled by the client.")));
        return (_current = await call.ReadAsync()) is not null;
    }
}

/// <summary>The requests of a call.</summary>
internal sealed class RequestWriter<TRequest, TResponse>(
    ClientCall<TRequest, TResponse> call, RequestContent content, Marshaller<TRequest> marshaller, int? maxSize)
    : IClientStreamWriter<TRequest>
    where TRequest : class
    where TResponse : class
{
    private readonly ArrayBufferWriter<byte> _frame = new();
    private int _writing;
    private bool _completed;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_completed || Interlocked.Exchange(ref _writing, 1) == 1)
        {
            throw new InvalidOperationException(_completed
                ? "CompleteAsync was called: no message can follow."
                : "The previous message is still being written: await one WriteAsync before the next.");
        }
        try
        {
            using var cancels = cancellationToken.Register(
                () => call.Cancel(new Status(StatusCode.Cancelled, "Call canceled by the client.")));
            _frame.ResetWrittenCount();
            new FrameWriter(_frame, maxSize).Write(marshaller, message);
            await SendAsync();
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    public Task CompleteAsync()
    {
        _completed = true;
        content.Complete();
        return Task.CompletedTask;
    }

    private async Task SendAsync()
    {
        try
        {
            var stream = await content.Stream;
            await stream.WriteAsync(_frame.WrittenMemory);
            await stream.FlushAsync();
        }
        catch (Exception e) when (e is not RpcException)
        {
            // The response tells why; it is surely being read unless it is a stream.
            if (call.Type == MethodType.ClientStreaming || call.Ended.IsCompleted)
            {
                throw ClientCall<TRequest, TResponse>.Copy(await call.Ended);
            }
            throw new RpcException(new Status(
                StatusCode.Unavailable, $"The call takes no more messages: read its responses to learn why. {e.Message}", e));
        }
    }
}

/// <summary>A request body that is written from outside while it is sent.</summary>
internal sealed class RequestContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Stream> Stream => _stream.Task;

    public void Complete() => _completed.TrySetResult();

    // Not an orderly end: the server must not take half a stream for a whole one.
    public void Abort()
    {
        _stream.TrySetCanceled();
        _completed.TrySetCanceled();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // The request headers leave now, not with the first message.
        await stream.FlushAsync(cancellationToken);
        _stream.TrySetResult(stream);
        await _completed.Task.WaitAsync(cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
