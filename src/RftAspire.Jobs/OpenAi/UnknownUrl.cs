using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Routing.Template;

namespace RftAspire.Jobs.OpenAi;

/// <summary>The answer where no route takes a request: its path is unknown, or only its method.</summary>
internal static class UnknownUrl
{
    public static void Answer(HttpContext http, EndpointDataSource routes)
    {
        var methods = routes.Endpoints.OfType<RouteEndpoint>()
            .Where(route => IsOfApi(route.RoutePattern) && Matches(route.RoutePattern, http.Request.Path))
            .SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
            .Distinct().Order(StringComparer.Ordinal).ToArray();
        var url = $"{http.Request.Method} {http.Request.Path}";
        if (methods.Length == 0)
            throw new OpenAiException(404, $"Unknown request URL: {url}. GET /v1/openapi.json lists the routes.", null, "unknown_url");
        var allowed = string.Join(", ", methods);
        http.Response.Headers.Allow = allowed;
        throw new OpenAiException(405, $"Unknown request URL: {url}. This path takes {allowed}.", null, "method_not_allowed");
    }

    private static bool IsOfApi(RoutePattern pattern) => pattern.RawText?.StartsWith("/v1/", StringComparison.Ordinal) == true;

    private static bool Matches(RoutePattern pattern, PathString path) =>
        new TemplateMatcher(new RouteTemplate(pattern), []).TryMatch(path, []);
}
