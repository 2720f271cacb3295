using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using RftAspire.Embedded.Grpc.Wire;

namespace RftAspire.Embedded.Grpc.Server;

/// <summary>Answers gRPC calls that no service takes, and leaves all other requests to other routes.</summary>
internal sealed class UnimplementedEndpoints
{
    private static readonly object OnlyGrpc = new { method = new GrpcContentType() };
    private int _unknownServiceMapped;

    public IEnumerable<IEndpointConventionBuilder> Map(IEndpointRouteBuilder routes, IEnumerable<string> serviceNames)
    {
        if (Interlocked.Exchange(ref _unknownServiceMapped, 1) == 0)
        {
            Map(routes, "{service}/{method}", "Service");
        }
        return [.. serviceNames.Select(name => Map(routes, $"{name}/{{method}}", "Method"))];
    }

    private static IEndpointConventionBuilder Map(IEndpointRouteBuilder routes, string pattern, string what) => routes
        .Map(RoutePatternFactory.Parse(pattern, defaults: null, OnlyGrpc), http => AnswerAsync(http, what))
        .WithMetadata(new HttpMethodMetadata([HttpMethods.Post]))
        .WithDisplayName($"gRPC - Unimplemented {what.ToLowerInvariant()}");

    private static async Task AnswerAsync(HttpContext http, string what)
    {
        if (await GrpcProtocol.AcceptAsync(http))
        {
            var status = new Status(StatusCode.Unimplemented, $"{what} is unimplemented: {http.Request.Path}");
            GrpcProtocol.WriteStatus(http.Response, status, Metadata.Empty);
        }
    }

    private sealed class GrpcContentType : IRouteConstraint
    {
        public bool Match(
            HttpContext? httpContext,
            IRouter? route,
            string routeKey,
            RouteValueDictionary values,
            RouteDirection routeDirection) =>
            httpContext is null || GrpcHeader.IsGrpc(httpContext.Request.ContentType);
    }
}
