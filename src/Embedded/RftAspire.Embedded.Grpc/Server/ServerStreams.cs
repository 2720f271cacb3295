using Grpc.Core;

namespace RftAspire.Embedded.Grpc.Server;

/// <summary>The requests of a call.</summary>
internal sealed class RequestReader<T>(ServerCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
    where T : class
{
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("No message is current: MoveNext must have returned true.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken) =>
        (_current = await call.ReadAsync(marshaller, cancellationToken)) is not null;
}

/// <summary>The responses of a call.</summary>
internal sealed class ResponseWriter<T>(ServerCall call, Marshaller<T> marshaller) : IServerStreamWriter<T>
    where T : class
{
    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        return call.WriteAsync(marshaller, message, cancellationToken);
    }
}
