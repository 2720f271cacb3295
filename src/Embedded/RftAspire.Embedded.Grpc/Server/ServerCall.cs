using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using RftAspire.Embedded.Grpc.Wire;

namespace RftAspire.Embedded.Grpc.Server;

/// <summary>One call on the server, from its request headers to its status.</summary>
internal sealed class ServerCall : ServerCallContext, IDisposable
{
    private const int InternalError = 2;

    private readonly HttpContext _http;
    private readonly IMethod _method;
    private readonly GrpcServiceOptions _options;
    private readonly ILogger _logger;
    private readonly FrameWriter _writer;
    private readonly CancellationToken _aborted;

    // Held while a message is written, and for good once the status is.
    private readonly SemaphoreSlim _writing = new(1);
    private FrameReader? _reader;
    private CancellationTokenSource? _deadline;
    private CancellationTokenSource? _abortedOrLate;
    private Metadata? _requestHeaders;
    private Metadata? _trailers;

    public ServerCall(HttpContext http, IMethod method, GrpcServiceOptions options, ILogger logger)
    {
        (_http, _method, _options, _logger) = (http, method, options, logger);
        _aborted = http.RequestAborted;
        _writer = new FrameWriter(http.Response.BodyWriter, options.MaxSendMessageSize);
        UserState[ServerCallContextExtensions.HttpContextKey] = http;
    }

    protected override string MethodCore => _method.FullName;

    protected override string HostCore => _http.Request.Host.Value ?? "";

    protected override string PeerCore => _http.Connection.RemoteIpAddress is { } address
        ? $"ipv{(address.GetAddressBytes().Length == 4 ? "4" : "6")}:{new System.Net.IPEndPoint(address, _http.Connection.RemotePort)}"
        : "unknown";

    protected override DateTime DeadlineCore => DeadlineUtc;

    protected override Metadata RequestHeadersCore =>
        _requestHeaders ??= GrpcProtocol.ReadMetadata(_http.Request.Headers);

    protected override CancellationToken CancellationTokenCore => _abortedOrLate?.Token ?? _aborted;

    protected override Metadata ResponseTrailersCore => _trailers ??= [];

    protected override Status StatusCore { get; set; } = Status.DefaultSuccess;

    protected override WriteOptions? WriteOptionsCore { get; set; }

    private DateTime DeadlineUtc { get; set; } = DateTime.MaxValue;

    private bool Late => _deadline is { IsCancellationRequested: true };

    /// <summary>Runs the method and sends its status; a deadline sends its own without waiting for the method.</summary>
    public async Task RunAsync(Func<Task> handle)
    {
        var running = OutcomeAsync(handle);
        if (_deadline is not null && await PassesBefore(running, _deadline.Token))
        {
            await EndAsync(DeadlineExceeded(), Metadata.Empty);
            await _http.Response.CompleteAsync();
            await running;
            return;
        }
        await EndAsync(await running, _trailers ?? Metadata.Empty);
    }

    public async ValueTask<T?> ReadAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        if (!cancellationToken.CanBeCanceled || cancellationToken == CancellationToken)
        {
            return await _reader!.ReadAsync(marshaller, CancellationToken);
        }
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, CancellationToken);
        return await _reader!.ReadAsync(marshaller, both.Token);
    }

    public ValueTask<T> ReadSingleAsync<T>(Marshaller<T> marshaller)
        where T : class => _reader!.ReadSingleAsync(marshaller, CancellationToken);

    // Unflushed, so that message and status leave together.
    public Task WriteSingleAsync<T>(Marshaller<T> marshaller, T message)
        where T : class => message is null
            ? throw new RpcException(new Status(StatusCode.Internal, $"{Method} returned null instead of a message."))
            : WriteAsync(() => _writer.Write(marshaller, message), flush: false, default);

    public Task WriteAsync<T>(Marshaller<T> marshaller, T message, CancellationToken cancellationToken) =>
        WriteAsync(() => _writer.Write(marshaller, message), flush: true, cancellationToken);

    public void Dispose()
    {
        _abortedOrLate?.Dispose();
        _deadline?.Dispose();
        _writing.Dispose();
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        if (_http.Response.HasStarted)
        {
            throw new InvalidOperationException("The response headers are sent already: send them once, before the first message.");
        }
        GrpcProtocol.AppendMetadata(_http.Response.Headers, responseHeaders);
        return WriteAsync(static () => { }, flush: true, default);
    }

    private async Task WriteAsync(Action write, bool flush, CancellationToken cancellationToken)
    {
        CancellationToken.ThrowIfCancellationRequested();
        cancellationToken.ThrowIfCancellationRequested();
        if (!_writing.Wait(0, CancellationToken.None))
        {
            throw new InvalidOperationException(
                "The call has ended, or its previous message is still being written: await one WriteAsync before the next.");
        }
        try
        {
            if (!_http.Response.HasStarted)
            {
                await _http.Response.StartAsync(CancellationToken);
            }
            write();
            if (flush)
            {
                await _http.Response.BodyWriter.FlushAsync(CancellationToken);
                CancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task<Status> OutcomeAsync(Func<Task> handle)
    {
        try
        {
            Open();
            await handle();
            return Late ? DeadlineExceeded() : Status;
        }
        catch (Exception e)
        {
            return Late ? DeadlineExceeded() : StatusOf(e);
        }
    }

    private void Open()
    {
        var headers = _http.Request.Headers;
        if (headers.TryGetValue(GrpcHeader.Timeout, out var timeout))
        {
            StartDeadline(GrpcHeader.ParseTimeout(timeout.ToString()));
        }
        string? encoding = headers[GrpcHeader.Encoding];
        if (encoding is not null and not GrpcHeader.Identity and not GrpcHeader.Gzip)
        {
            _http.Response.Headers[GrpcHeader.AcceptEncoding] = GrpcHeader.Encodings;
            throw new RpcException(new Status(
                StatusCode.Unimplemented, $"grpc-encoding '{encoding}' is not supported: use {GrpcHeader.Encodings}."));
        }
        _reader = new FrameReader(_http.Request.BodyReader, encoding, _options.MaxReceiveMessageSize);
    }

    private void StartDeadline(TimeSpan timeout)
    {
        var now = DateTime.UtcNow;
        DeadlineUtc = timeout < DateTime.MaxValue - now ? now + timeout : DateTime.MaxValue;
        _deadline = new CancellationTokenSource(timeout < GrpcHeader.LongestTimer ? timeout : GrpcHeader.LongestTimer);
        _abortedOrLate = CancellationTokenSource.CreateLinkedTokenSource(_aborted, _deadline.Token);
    }

    private static async Task<bool> PassesBefore(Task<Status> running, CancellationToken deadline)
    {
        try
        {
            await running.WaitAsync(deadline);
            return false;
        }
        catch (OperationCanceledException)
        {
            return !running.IsCompleted;
        }
    }

    private static Status DeadlineExceeded() => new(StatusCode.DeadlineExceeded, "Deadline Exceeded");

    private Status StatusOf(Exception exception)
    {
        switch (exception)
        {
            case RpcException rpc:
                foreach (var entry in rpc.Trailers)
                {
                    ResponseTrailers.Add(entry);
                }
                return rpc.Status;
            case not null when _aborted.IsCancellationRequested:
            case OperationCanceledException:
                return new Status(StatusCode.Cancelled, "The call was cancelled.");
            default:
                _logger.LogError(exception, "Error when executing service method '{Method}'.", Method);
                return new Status(StatusCode.Unknown, _options.EnableDetailedErrors is true
                    ? $"Exception was thrown by handler. {exception!.GetType().Name}: {exception.Message}"
                    : "Exception was thrown by handler.");
        }
    }

    private async Task EndAsync(Status status, Metadata trailers)
    {
        await _writing.WaitAsync(CancellationToken.None);
        if (_aborted.IsCancellationRequested)
        {
            return;
        }
        if (_writer.Torn)
        {
            _http.Features.Get<IHttpResetFeature>()?.Reset(InternalError);
            return;
        }
        GrpcProtocol.WriteStatus(_http.Response, status, trailers);
    }
}
