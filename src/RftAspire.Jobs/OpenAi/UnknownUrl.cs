using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Routing.Template;

namespace RftAspire.Jobs.OpenAi;

/// <summary>The answer where no route takes a request: its path is unknown, or only its method or the type of its body.</summary>
internal static class UnknownUrl
{
    public static void Answer(HttpContext http, EndpointDataSource routes)
    {
        var near = routes.Endpoints.OfType<RouteEndpoint>().Where(route => IsOfApi(route.RoutePattern) && Matches(route.RoutePattern, http.Request.Path)).ToList();
        var methods = near.SelectMany(MethodsOf).Distinct().Order(StringComparer.Ordinal).ToArray();
        var url = $"{http.Request.Method} {http.Request.Path}";
        if (methods.Length == 0)
            throw new OpenAiException(404, $"Unknown request URL: {url}. GET /v1/openapi.json lists the routes.", null, "unknown_url");
        if (near.Find(route => MethodsOf(route).Contains(http.Request.Method))?.Metadata.GetMetadata<IAcceptsMetadata>() is { } body)
            throw new OpenAiException(400, $"The body's Content-Type is '{http.Request.ContentType}'; send {body.ContentTypes[0]}.", null, "unsupported_content_type");
        var allowed = string.Join(", ", methods);
        http.Response.Headers.Allow = allowed;
        throw new OpenAiException(405, $"Unknown request URL: {url}. This path takes {allowed}.", null, "method_not_allowed");
    }

    private static IReadOnlyList<string> MethodsOf(RouteEndpoint route) => route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [];

    private static bool IsOfApi(RoutePattern pattern) => pattern.RawText?.StartsWith("/v1/", StringComparison.Ordinal) == true;

    private static bool Matches(RoutePattern pattern, PathString path) =>
        new TemplateMatcher(new RouteTemplate(pattern), []).TryMatch(path, []);
}
