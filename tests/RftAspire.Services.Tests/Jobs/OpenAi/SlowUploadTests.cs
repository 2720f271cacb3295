namespace RftAspire.Services.Tests.Jobs.OpenAi;

public sealed class SlowUploadTests(SlowUploadTests.Impatient service) : IClassFixture<SlowUploadTests.Impatient>
{
    [RedisFact]
    public async Task Create_Trickle_IsCutOffAndStoresNothing()
    {
        var (status, error, _) = await SlowOrEndlessUpload.SendAsync(service, 1 << 20, 1, TimeSpan.FromMilliseconds(200), announced: true);

        Assert.Equal((408, "body_too_slow"), (status, error.GetProperty("code").GetString()));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(service.Artifacts.Root, "staging"), "*.jsonl", SearchOption.AllDirectories));
        Assert.Equal(System.Net.HttpStatusCode.OK, (await service.Http.GetAsync("/health")).StatusCode);
    }

    [RedisFact]
    public async Task UploadFile_Silence_IsCutOffAndStoresNothing()
    {
        using var call = service.FileClient.UploadFile();
        await call.RequestStream.WriteAsync(JobsUnderTest.Header("a"));
        await call.RequestStream.WriteAsync(JobsUnderTest.Data("half"));

        var error = await JobsUnderTest.FailsAsync(async () => await call.ResponseAsync.WaitAsync(TimeSpan.FromSeconds(30)), Grpc.Core.StatusCode.InvalidArgument);

        Assert.StartsWith("data: arrives too slowly: 4 bytes", error.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(service.Artifacts.Root, "staging"), "*.jsonl", SearchOption.AllDirectories));
    }

    public sealed class Impatient : JobsUnderTest
    {
        protected override Dictionary<string, string?> Settings => new() { ["Jobs:MinUploadRate"] = "100000", ["Jobs:UploadGrace"] = "00:00:01.500" };
    }
}

public sealed class RedisAwayTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task Any_RedisIsAway_IsToldToTryAgain()
    {
        service.Redis.Kill();

        var answer = await service.Http.GetAsync("/v1/fine_tuning/jobs");

        Assert.Equal("service_unavailable", (await answer.ErrorAsync(503)).Code);
        Assert.True(answer.Headers.Contains("x-request-id"));
    }
}
