using System.Net.Sockets;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>The status for what an HTTP client throws.</summary>
internal static class ClientFailure
{
    public static Status StatusOf(Exception exception, Uri address) => exception switch
    {
        RpcException rpc => rpc.Status,
        OperationCanceledException => new Status(StatusCode.Cancelled, "Call canceled by the client.", exception),
        _ when Find<HttpProtocolException>(exception) is { } reset => new Status(
            CodeOf(reset.ErrorCode), $"The call to {address} broke off: {reset.Message}", exception),
        HttpRequestException http when NeverConnected(http.HttpRequestError) => new Status(
            StatusCode.Unavailable, $"Cannot connect to {address}: {Cause(exception)}", exception),
        HttpRequestException or IOException => new Status(
            StatusCode.Unavailable, $"The connection to {address} broke: {Cause(exception)}", exception),
        _ => new Status(StatusCode.Internal, $"Error starting gRPC call. {exception.GetType().Name}: {exception.Message}", exception),
    };

    private static bool NeverConnected(HttpRequestError error) => error is HttpRequestError.ConnectionError
        or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError;

    // HTTP/2 error codes as the gRPC specification maps them.
    private static StatusCode CodeOf(long http2Error) => http2Error switch
    {
        7 => StatusCode.Unavailable,
        8 => StatusCode.Cancelled,
        11 => StatusCode.ResourceExhausted,
        12 => StatusCode.PermissionDenied,
        _ => StatusCode.Internal,
    };

    private static string Cause(Exception exception) =>
        Find<SocketException>(exception)?.Message ?? exception.Message;

    private static T? Find<T>(Exception? exception)
        where T : Exception
    {
        while (exception is not null and not T)
        {
            exception = exception.InnerException;
        }
        return (T?)exception;
    }
}
