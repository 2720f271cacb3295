using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;
using RftAspire.Embedded.Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>One call of a client: its HTTP request, its response and the one status it ends with.</summary>
internal sealed class ClientCall<TRequest, TResponse> : IDisposable
    where TRequest : class
    where TResponse : class
{
    private readonly GrpcChannel _channel;
    private readonly Method<TRequest, TResponse> _method;
    private readonly CallOptions _options;
    private readonly CancellationTokenSource _cancel = new();
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<RpcException> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration _callerCancels;
    private readonly Timer? _deadline;
    private Task<FrameReader?> _reader = Task.FromResult<FrameReader?>(null);
    private HttpResponseMessage? _response;
    private RequestContent? _requests;

    public ClientCall(GrpcChannel channel, Method<TRequest, TResponse> method, CallOptions options)
    {
        (_channel, _method, _options) = (channel, method, options);
        if (Remaining() is { } remaining)
        {
            _deadline = new Timer(_ => Cancel(DeadlineExceeded()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var delay = remaining > GrpcHeader.LongestTimer ? GrpcHeader.LongestTimer : remaining;
            if (delay <= TimeSpan.Zero)
            {
                Cancel(DeadlineExceeded());
                return;
            }
            _deadline.Change(delay, Timeout.InfiniteTimeSpan);
        }
        _callerCancels = options.CancellationToken.Register(
            () => Cancel(new Status(StatusCode.Cancelled, "Call canceled by the client.")));
    }

    public Task<Metadata> Headers => _headers.Task;

    /// <summary>Completes with how the call ended, also when that is OK.</summary>
    public Task<RpcException> Ended => _ended.Task;

    public MethodType Type => _method.Type;

    public void Start(TRequest request)
    {
        try
        {
            var frame = new ArrayBufferWriter<byte>();
            new FrameWriter(frame, _channel.Options.MaxSendMessageSize).Write(_method.RequestMarshaller, request);
            _reader = SendAsync(new ReadOnlyMemoryContent(frame.WrittenMemory));
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    public RequestWriter<TRequest, TResponse> StartStream()
    {
        _requests = new RequestContent();
        var writer = new RequestWriter<TRequest, TResponse>(
            this, _requests, _method.RequestMarshaller, _channel.Options.MaxSendMessageSize);
        _reader = SendAsync(_requests);
        return writer;
    }

    /// <summary>The next response, or null once the call has ended with OK.</summary>
    public async Task<TResponse?> ReadAsync()
    {
        try
        {
            if (await _reader is { } reader && !Ended.IsCompleted)
            {
                if (await reader.ReadAsync(_method.ResponseMarshaller, _cancel.Token) is { } message)
                {
                    return message;
                }
                End(GrpcResponse.FinalStatus(_response!), GrpcResponse.ReadMetadata(_response!.TrailingHeaders));
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
        var outcome = await Ended;
        return outcome.StatusCode == StatusCode.OK ? null : throw Copy(outcome);
    }

    public async Task<TResponse> ReadSingleAsync()
    {
        var message = await ReadAsync() ?? throw GrpcFailure.Malformed("the call ended with OK but without its message");
        if (await ReadAsync() is null)
        {
            return message;
        }
        Fail(GrpcFailure.Malformed("more than one message answers the call"));
        throw Copy(await Ended);
    }

    public void Cancel(Status status)
    {
        if (!Ended.IsCompleted)
        {
            End(status, Metadata.Empty);
        }
    }

    public void Dispose() => Cancel(new Status(StatusCode.Cancelled, "gRPC call disposed."));

    public Status GetStatus() => Outcome("status").Status;

    public Metadata GetTrailers() => Outcome("trailers").Trailers;

    /// <summary>A fresh exception for each throw, so that stack traces do not pile up in a shared one.</summary>
    public static RpcException Copy(RpcException outcome) => new(outcome.Status, outcome.Trailers);

    private async Task<FrameReader?> SendAsync(HttpContent content)
    {
        try
        {
            if (Ended.IsCompleted)
            {
                _requests?.Abort();
                return null;
            }
            _response = await _channel.Invoker.SendAsync(CreateRequest(content), _cancel.Token);
            if (Ended.IsCompleted)
            {
                _response.Dispose();
                return null;
            }
            return await OpenAsync(_response);
        }
        catch (Exception e)
        {
            Fail(e);
            return null;
        }
    }

    private async Task<FrameReader?> OpenAsync(HttpResponseMessage response)
    {
        var metadata = GrpcResponse.ReadMetadata(response.Headers);
        if (GrpcResponse.EarlyStatus(response) is { } status)
        {
            _headers.TrySetResult(metadata);
            End(status, metadata);
            return null;
        }
        _headers.TrySetResult(metadata);
        var body = await response.Content.ReadAsStreamAsync(_cancel.Token);
        return new FrameReader(
            PipeReader.Create(body, new StreamPipeReaderOptions(bufferSize: 16 * 1024, useZeroByteReads: true)),
            GrpcResponse.Header(response.Headers, GrpcHeader.Encoding),
            _channel.Options.MaxReceiveMessageSize);
    }

    private HttpRequestMessage CreateRequest(HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_channel.Address, _method.FullName))
        {
            Content = content,
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        content.Headers.TryAddWithoutValidation("Content-Type", GrpcHeader.ContentType);
        request.Headers.TryAddWithoutValidation("User-Agent", GrpcChannel.UserAgent);
        request.Headers.TryAddWithoutValidation("TE", "trailers");
        request.Headers.TryAddWithoutValidation(GrpcHeader.AcceptEncoding, GrpcHeader.Encodings);
        if (Remaining() is { } remaining)
        {
            request.Headers.TryAddWithoutValidation(GrpcHeader.Timeout, GrpcHeader.FormatTimeout(remaining));
        }
        foreach (var (name, value) in GrpcHeader.Format(_options.Headers ?? Metadata.Empty))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        return request;
    }

    private TimeSpan? Remaining()
    {
        if (_options.Deadline is not { } deadline || deadline == DateTime.MaxValue)
        {
            return null;
        }
        if (deadline.Kind != DateTimeKind.Utc && deadline != DateTime.MinValue)
        {
            throw new InvalidOperationException(
                $"The deadline {deadline:O} must be in UTC: use DateTime.UtcNow.AddSeconds(...) or ToUniversalTime().");
        }
        return deadline - DateTime.UtcNow;
    }

    private static Status DeadlineExceeded() => new(StatusCode.DeadlineExceeded, "Deadline Exceeded");

    private void Fail(Exception exception) =>
        End(ClientFailure.StatusOf(exception, _channel.Address), (exception as RpcException)?.Trailers ?? Metadata.Empty);

    // The first end counts. The server may notice the deadline first and say CANCELLED.
    private void End(Status status, Metadata trailers)
    {
        var late = status.StatusCode == StatusCode.Cancelled && Remaining() <= TimeSpan.Zero;
        var outcome = new RpcException(late ? DeadlineExceeded() : status, trailers);
        if (!_ended.TrySetResult(outcome))
        {
            return;
        }
        if (_headers.TrySetException(outcome))
        {
            // Few callers await the headers: their failure is not a separate, unobserved one.
            _ = _headers.Task.Exception;
        }
        _requests?.Abort();
        _cancel.Cancel();
        _response?.Dispose();
        _deadline?.Dispose();
        _callerCancels.Unregister();
    }

    private RpcException Outcome(string what) => Ended.IsCompleted
        ? Ended.Result
        : throw new InvalidOperationException($"The {what} of a call can be read after the call has ended, not before.");
}
