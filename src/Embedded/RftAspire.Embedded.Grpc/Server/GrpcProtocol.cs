using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Primitives;
using RftAspire.Embedded.Grpc.Wire;

namespace RftAspire.Embedded.Grpc.Server;

/// <summary>The gRPC rules for an HTTP request and its response.</summary>
internal static class GrpcProtocol
{
    /// <summary>Whether the request is gRPC over HTTP/2; if not it is answered here.</summary>
    public static async Task<bool> AcceptAsync(HttpContext http)
    {
        if (!HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol))
        {
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            http.Response.Headers.Upgrade = "HTTP/2.0";
            await http.Response.WriteAsync(
                $"gRPC needs HTTP/2, this request came over {http.Request.Protocol}: use a client that speaks HTTP/2, "
                + "and without TLS an endpoint whose Protocols is Http2.\n");
            return false;
        }
        if (!GrpcHeader.IsGrpc(http.Request.ContentType))
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            await http.Response.WriteAsync(
                $"Content-Type '{http.Request.ContentType}' is not supported: gRPC requests carry {GrpcHeader.ContentType}.\n");
            return false;
        }
        http.Response.ContentType = GrpcHeader.ContentType;
        LiftBodyLimits(http.Features);
        return true;
    }

    public static Metadata ReadMetadata(IHeaderDictionary headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
            {
                GrpcHeader.AddMetadata(metadata, name, value ?? "");
            }
        }
        return metadata;
    }

    /// <summary>Ends the call: in trailers, or in the headers when nothing was sent before.</summary>
    public static void WriteStatus(HttpResponse response, Status status, Metadata trailers)
    {
        var headers = response.HasStarted
            ? response.HttpContext.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers
            : response.Headers;
        AppendMetadata(headers, trailers);
        headers[GrpcHeader.Status] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (!string.IsNullOrEmpty(status.Detail))
        {
            headers[GrpcHeader.Message] = GrpcHeader.Escape(status.Detail);
        }
    }

    public static void AppendMetadata(IHeaderDictionary headers, Metadata metadata)
    {
        foreach (var (name, value) in GrpcHeader.Format(metadata))
        {
            // Append would drop an empty value.
            headers[name] = StringValues.Concat(headers[name], value);
        }
    }

    // A stream may be long and slow by design; the size of its messages is bounded instead.
    private static void LiftBodyLimits(IFeatureCollection features)
    {
        if (features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
        if (features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
    }
}
