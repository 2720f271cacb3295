using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Jobs.OpenAi;

namespace RftAspire.Jobs.Access;

/// <summary>The answer to a call that does not get as far as its endpoint, in the form of the face that it came to.</summary>
internal static class Refusal
{
    public const string NoKey = "no valid API key: give one that is in force, as header 'Authorization: Bearer sk-rft-...'";

    private const string GrpcContent = "application/grpc";

    public static bool IsGrpc(HttpContext http) => http.Request.ContentType?.StartsWith(GrpcContent, StringComparison.OrdinalIgnoreCase) is true;

    /// <param name="http">The call.</param>
    /// <param name="code">Why.</param>
    /// <param name="message">Printable ASCII without percent signs, which needs no escaping in a gRPC header.</param>
    /// <param name="retryAfter">When to try again.</param>
    public static Task WriteAsync(HttpContext http, StatusCode code, string message, TimeSpan? retryAfter = null)
    {
        if (retryAfter is { } pause) http.Response.Headers.RetryAfter = Math.Ceiling(pause.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (!IsGrpc(http)) return ErrorAnswer.Of(new RpcException(new Grpc.Core.Status(code, message)), FieldNames.None)!.WriteAsync(http.Response);
        WriteTrailers(http.Response, code, message, retryAfter);
        return Task.CompletedTask;
    }

    // A gRPC response of headers alone, which are its trailers then.
    private static void WriteTrailers(HttpResponse response, StatusCode code, string message, TimeSpan? retryAfter)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = GrpcContent;
        response.Headers["grpc-status"] = ((int)code).ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = message;
        if (retryAfter is not { } pause) return;
        var details = new Google.Rpc.Status
        {
            Code = (int)code,
            Message = message,
            Details = { Any.Pack(new RetryInfo { RetryDelay = pause.ToDuration() }) },
        };
        response.Headers[InvalidRequest.DetailsTrailer] = Convert.ToBase64String(details.ToByteArray()).TrimEnd('=');
    }
}
