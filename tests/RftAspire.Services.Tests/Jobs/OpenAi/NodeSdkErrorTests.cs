using RftAspire.Contracts.Jobs.V1;
using RftAspire.ForeignClients;
using RftAspire.Services.Tests.Jobs.Access;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

/// <summary>The table of errors in docs/api.md, as the official Node SDK throws them.</summary>
public sealed class NodeSdkErrorTests(SlowUploadTests.Impatient service) : IClassFixture<SlowUploadTests.Impatient>
{
    [NodeFact]
    public async Task Errors_Documented_AreClassesOfTheSdk()
    {
        if (!RedisServer.IsInstalled) return;
        var (viewer, hasty) = (await service.NewKeyAsync(Role.Viewer), await service.NewKeyAsync(Role.Viewer, "hasty"));
        await service.Keys().SetLimitsAsync(new() { Limits = new() { Tenant = "hasty", RequestsPerSecond = 2 } });

        var (exit, output) = await NodeFactAttribute.RunAsync("node", "errors.mjs", service.Http.BaseAddress + "v1", service.Key, viewer, hasty, await service.UploadFileAsync());

        Assert.True(exit == 0, output);
        const string expected = """
            {"400":"BadRequestError 400 invalid_request_error invalid_grader method.reinforcement.grader.input true after 1","401":"AuthenticationError 401 invalid_request_error invalid_api_key null true after 1",
            "403":"PermissionDeniedError 403 permission_error insufficient_permissions null true after 1","404":"NotFoundError 404 invalid_request_error not_found null true after 1",
            "408":"APIError 408 invalid_request_error body_too_slow null true after 1","409":"ConflictError 409 invalid_request_error idempotency_key_reused Idempotency-Key true after 1",
            "413":"APIError 413 invalid_request_error body_too_large null true after 1","429":"RateLimitError 429 rate_limit_error limit_reached null true","503":"InternalServerError 503 server_error service_unavailable null true after 3","retried":"none"}
            """;
        Assert.Equal(expected.ReplaceLineEndings(""), output.Trim());
    }
}
