using System.Net;
using System.Text.Json;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;

namespace RftAspire.Services.Tests.Jobs.Access;

/// <summary>What a call without a good key is told, over both faces.</summary>
public sealed class RefusalTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private const string Unknown = "sk-rft-0123456789012345678901234567890123456789012";

    [RedisFact]
    public async Task Rest_AnyBadKey_HasOneAnswer()
    {
        var answers = new HashSet<string>();
        foreach (var header in await BadHeadersAsync())
        {
            using var answer = await GetAsync("/v1/models", header);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
            Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
            answers.Add(await answer.Content.ReadAsStringAsync());
        }

        var error = JsonDocument.Parse(answers.Single()).RootElement.GetProperty("error");
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("invalid_request_error", "invalid_api_key"), (error.GetProperty("type").GetString(), error.GetProperty("code").GetString()));
        Assert.Equal(JsonValueKind.Null, error.GetProperty("param").ValueKind);
    }

    [RedisFact]
    public async Task Grpc_AnyBadKey_HasOneAnswer()
    {
        var answers = new HashSet<(StatusCode, string)>();
        foreach (var header in await BadHeadersAsync())
        {
            using var channel = service.Channel(key: null);
            Metadata headers = header is null ? [] : new() { { "authorization", header } };
            var error = await Assert.ThrowsAsync<RpcException>(async () => await new JobService.JobServiceClient(channel).ListJobsAsync(new(), headers));
            answers.Add((error.StatusCode, error.Status.Detail));
        }

        var (code, detail) = answers.Single();
        Assert.Equal(StatusCode.Unauthenticated, code);
        Assert.Contains("Authorization: Bearer", detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Grpc_UploadWithoutKey_IsToldWhy()
    {
        using var channel = service.Channel(key: null);
        using var call = new FileService.FileServiceClient(channel).UploadFile();

        await FailsAsync(async () => await call.ResponseAsync, StatusCode.Unauthenticated);
    }

    [RedisFact]
    public async Task Grpc_StreamWithoutKey_IsToldWhy()
    {
        using var channel = service.Channel(key: null);
        using var call = new JobService.JobServiceClient(channel).WatchJob(new());

        await FailsAsync(() => call.ResponseStream.MoveNext(default), StatusCode.Unauthenticated);
    }

    [RedisFact]
    public async Task TooLittleRole_IsToldTheRoleItNeeds()
    {
        var secret = await service.NewKeyAsync(Role.Viewer);
        using var channel = service.Channel(secret);

        var error = await FailsAsync(async () => await new JobService.JobServiceClient(channel).CreateJobAsync(new()), StatusCode.PermissionDenied);
        Assert.Contains("role user", error.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, error.ToString(), StringComparison.Ordinal);
    }

    [RedisTheory]
    [InlineData("/health", HttpStatusCode.OK), InlineData("/alive", HttpStatusCode.OK)]
    [InlineData("/", HttpStatusCode.Unauthorized), InlineData("/v1/nothing", HttpStatusCode.Unauthorized), InlineData("/health/x", HttpStatusCode.Unauthorized)]
    public async Task WithoutKey_AnyPath_OnlyHealthAnswers(string path, HttpStatusCode status)
    {
        using var answer = await GetAsync(path, header: null);

        Assert.Equal(status, answer.StatusCode);
    }

    [RedisFact]
    public async Task WithoutKey_UnknownService_IsRefusedToo()
    {
        using var channel = service.Channel(key: null);
        var method = new Method<ListJobsRequest, ListJobsResponse>(MethodType.Unary, "no.Such", "Thing", Marshallers.Create<ListJobsRequest>(_ => [], _ => new()), Marshallers.Create<ListJobsResponse>(_ => [], _ => new()));

        await FailsAsync(async () => await channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, new()), StatusCode.Unauthenticated);
        await FailsAsync(async () => await service.AdminChannel.CreateCallInvoker().AsyncUnaryCall(method, null, default, new()), StatusCode.Unimplemented);
    }

    private async Task<string?[]> BadHeadersAsync()
    {
        var revoked = await service.Keys().CreateKeyAsync(new() { Name = "gone", Role = Role.Admin });
        await service.Keys().RevokeKeyAsync(new() { KeyId = revoked.Key.Id });
        return [null, "Bearer", "Bearer ", "Basic YTpi", service.Key, $"Bearer {Unknown}", $"Bearer {service.Key}x", $"Bearer {service.Key[..^1]}", $"Bearer {revoked.Secret}"];
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string? header)
    {
        using var http = new HttpClient { BaseAddress = service.Http.BaseAddress };
        if (header is not null) http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
        return await http.GetAsync(path);
    }
}

public sealed class StoreAwayTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task Call_StoreOfTheKeysIsAway_IsUnavailableAndAliveStillAnswers()
    {
        service.Redis.Kill();

        await FailsAsync(async () => await service.Client.ListJobsAsync(new()), StatusCode.Unavailable);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await service.Http.GetAsync("/v1/models")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await service.Http.GetAsync("/alive")).StatusCode);
    }
}
