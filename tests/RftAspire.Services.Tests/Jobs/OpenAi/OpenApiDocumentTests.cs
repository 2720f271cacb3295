using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

public sealed class OpenApiDocumentTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task Document_EveryRoute_IsThereWithParametersBodiesAndErrors()
    {
        var document = await (await service.Http.GetAsync("/v1/openapi.json")).JsonAsync();

        var documented = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => (Name: $"{operation.Name.ToUpperInvariant()} {path.Name}", Operation: operation.Value))).ToDictionary(one => one.Name, one => one.Operation);
        var mapped = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.RoutePattern.RawText!.StartsWith("/v1/", StringComparison.Ordinal) && route.RoutePattern.RawText != "/v1/openapi.json")
            .SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {route.RoutePattern.RawText!.TrimEnd('/')}"));
        Assert.Equal(mapped.Order(StringComparer.Ordinal), documented.Keys.Order(StringComparer.Ordinal));
        Assert.All(documented, one =>
        {
            Assert.NotEmpty(one.Value.GetProperty("summary").GetString()!);
            Assert.True(one.Value.GetProperty("responses").TryGetProperty(s_created.Contains(one.Key) ? "201" : "200", out _), one.Key);
            Assert.All(["400", "401", "404", "503"], status => Assert.Contains("ErrorBody", one.Value.GetProperty("responses").GetProperty(status).GetRawText(), StringComparison.Ordinal));
            Assert.Equal(Parameters(one.Key), Named(one.Value, "path"));
        });
        Assert.Equal(["after", "limit", "order", "purpose"], Named(documented["GET /v1/files"], "query"));
        Assert.Equal(["after", "limit", "metadata"], Named(documented["GET /v1/fine_tuning/jobs"], "query"));
        Assert.All(["POST /v1/files", "POST /v1/fine_tuning/jobs", "POST /v1/uploads"], name => Assert.True(documented[name].TryGetProperty("requestBody", out _), name));
    }

    private static readonly string[] s_created = ["POST /v1/evals", "POST /v1/evals/{id}/runs"];

    private static IEnumerable<string> Parameters(string name) => name.Split('{').Skip(1).Select(part => part.Split('}')[0]).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Named(JsonElement operation, string place) => operation.TryGetProperty("parameters", out var parameters)
        ? parameters.EnumerateArray().Where(one => one.GetProperty("in").GetString() == place).Select(one => one.GetProperty("name").GetString()!).Order(StringComparer.Ordinal)
        : [];
}
