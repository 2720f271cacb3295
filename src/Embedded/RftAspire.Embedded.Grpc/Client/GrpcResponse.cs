using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using RftAspire.Embedded.Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>What the headers and trailers of a response say.</summary>
internal static class GrpcResponse
{
    public static Metadata ReadMetadata(HttpHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            foreach (var value in values)
            {
                GrpcHeader.AddMetadata(metadata, name, value);
            }
        }
        return metadata;
    }

    public static string? Header(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    /// <summary>The status where the headers alone end the call, else null.</summary>
    public static Status? EarlyStatus(HttpResponseMessage response)
    {
        if (ReadStatus(response.Headers) is { } status)
        {
            return status;
        }
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return new Status(CodeOf(response.StatusCode), $"Bad gRPC response. HTTP status code: {(int)response.StatusCode}");
        }
        var type = Header(response.Content.Headers, "Content-Type");
        if (!GrpcHeader.IsGrpc(type))
        {
            return new Status(StatusCode.Unknown, $"Bad gRPC response. Content-Type '{type}' is not {GrpcHeader.ContentType}.");
        }
        var encoding = Header(response.Headers, GrpcHeader.Encoding);
        return encoding is null or GrpcHeader.Identity or GrpcHeader.Gzip
            ? null
            : new Status(StatusCode.Internal, $"The response has grpc-encoding '{encoding}'; this client reads {GrpcHeader.Encodings}.");
    }

    public static Status FinalStatus(HttpResponseMessage response) =>
        ReadStatus(response.TrailingHeaders)
        ?? new Status(StatusCode.Unknown, "Bad gRPC response. The stream ended without a grpc-status.");

    private static Status? ReadStatus(HttpHeaders headers)
    {
        if (Header(headers, GrpcHeader.Status) is not { } text)
        {
            return null;
        }
        var detail = GrpcHeader.Unescape(Header(headers, GrpcHeader.Message) ?? "");
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            && Enum.IsDefined((StatusCode)code)
                ? new Status((StatusCode)code, detail)
                : new Status(StatusCode.Unknown, $"The server sent the unknown grpc-status '{text}'. {detail}");
    }

    private static StatusCode CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => StatusCode.Internal,
        HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
        HttpStatusCode.NotFound => StatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };
}
