using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Services.Tests.Jobs.Access;

/// <summary>Every endpoint of the running service, whoever added it.</summary>
public sealed partial class EndpointRulesTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    // An empty message in a frame of its own.
    private static readonly byte[] s_emptyMessage = new byte[5];

    private IEnumerable<RouteEndpoint> Endpoints => service.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>();

    [RedisFact]
    public void Endpoints_All_StateTheirRule() => Assert.All(Endpoints, endpoint =>
        Assert.True(IsAnonymous(endpoint) ^ RuleOf(endpoint) is not null, $"{endpoint.DisplayName}: add [Needs(Role.…)] or .Needs(Role.…)"));

    [RedisFact]
    public void Endpoints_Anonymous_AreHealthAlone()
    {
        var routes = Endpoints.Where(IsAnonymous).Select(endpoint => endpoint.RoutePattern.RawText!).Order(StringComparer.Ordinal);

        Assert.Equal(["/alive", "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/health", "grpc.health.v1.Health/{method}"], routes);
    }

    [RedisFact]
    public async Task Endpoints_AnyRole_ServeExactlyWhatTheRuleSays()
    {
        using var http = new HttpClient();
        Dictionary<Role, string> keys = [];
        foreach (var role in (Role[])[Role.Viewer, Role.User, Role.Admin]) keys[role] = await service.NewKeyAsync(role);

        foreach (var endpoint in Endpoints.Where(endpoint => !IsAnonymous(endpoint)))
        {
            foreach (var method in Methods(endpoint))
            {
                var name = $"{method} {endpoint.RoutePattern.RawText}";
                Assert.Equal((name, StatusCode.Unauthenticated), (name, await CallAsync(http, endpoint, method, key: null)));
                foreach (var (role, key) in keys)
                {
                    var status = await CallAsync(http, endpoint, method, key);
                    Assert.NotEqual((name, role, StatusCode.Unauthenticated), (name, role, status));
                    Assert.Equal((name, role, role >= RuleOf(endpoint)), (name, role, status != StatusCode.PermissionDenied));
                }
            }
        }
    }

    private async Task<StatusCode> CallAsync(HttpClient http, RouteEndpoint endpoint, string method, string? key)
    {
        var isGrpc = IsGrpc(endpoint);
        var path = "/" + Parameter().Replace(endpoint.RoutePattern.RawText!, "x").TrimStart('/');
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(isGrpc ? service.GrpcAddress : service.Http.BaseAddress!, path));
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (isGrpc)
        {
            (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
            request.Content = new ByteArrayContent(s_emptyMessage) { Headers = { ContentType = new("application/grpc") } };
        }
        using var response = await http.SendAsync(request);
        return isGrpc ? GrpcStatus(response) : response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
            HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
            _ => StatusCode.OK,
        };
    }

    private static StatusCode GrpcStatus(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var status = response.Headers.TryGetValues("grpc-status", out var headers) ? headers : response.TrailingHeaders.GetValues("grpc-status");
        return Enum.Parse<StatusCode>(status.Single());
    }

    private static bool IsGrpc(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is not null || endpoint.DisplayName!.StartsWith("gRPC", StringComparison.Ordinal);

    private static bool IsAnonymous(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;

    private static Role? RuleOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<NeedsAttribute>()?.Role;

    private static IReadOnlyList<string> Methods(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"];

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
