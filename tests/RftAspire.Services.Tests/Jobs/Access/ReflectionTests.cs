using System.Text.Json;
using Grpc.Health.V1;
using RftAspire.ForeignClients;

namespace RftAspire.Services.Tests.Jobs.Access;

public sealed class ReflectionTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private static readonly string s_protos = Path.Combine(NodeFactAttribute.Repository, "src", "Embedded", "RftAspire.Embedded.Grpc", "Protos", "grpc", "reflection");

    [NodeFact]
    public Task GrpcJs_KnowsTheAddressAlone_LearnsTheApiAndCallsIt() => LearnAsync("v1");

    [NodeFact]
    public Task GrpcJs_OfTheFirstVersion_LearnsTheApiAndCallsIt() => LearnAsync("v1alpha");

    [RedisFact]
    public async Task Health_WithoutKey_Answers()
    {
        using var channel = service.Channel(key: null);

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await new Health.HealthClient(channel).CheckAsync(new())).Status);
    }

    private async Task LearnAsync(string version)
    {
        if (!RedisServer.IsInstalled) return;

        var (exit, output) = await NodeFactAttribute.RunAsync(
            "node", "reflect.js", service.GrpcAddress.Authority, Path.Combine(s_protos, version, "reflection.proto"), service.DevKeyFile, "rft.jobs.v1.KeyService", "listKeys");

        Assert.True(exit == 0, output);
        var seen = JsonDocument.Parse(output).RootElement;
        Assert.Equal(16, seen.GetProperty("stranger").GetInt32());
        Assert.Contains("rft.jobs.v1.JobService", Texts(seen.GetProperty("services")));
        Assert.Equal(2, seen.GetProperty("files").GetInt32());
        Assert.Equal(5, seen.GetProperty("unknown").GetInt32());
        Assert.Equal("development", seen.GetProperty("reply").GetProperty("keys")[0].GetProperty("name").GetString());
    }

    private static IEnumerable<string> Texts(JsonElement array) => array.EnumerateArray().Select(text => text.GetString()!);
}
