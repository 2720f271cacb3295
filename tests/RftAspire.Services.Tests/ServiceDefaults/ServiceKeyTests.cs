using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Mvc.Testing;
using RftAspire.Contracts;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Contracts.Ingestion.V1;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Grading.Workbench;
using RftAspire.Ingestion;
using RftAspire.Judge;

namespace RftAspire.Services.Tests.ServiceDefaults;

/// <summary>Inner services answer the platform's services alone.</summary>
public sealed class ServiceKeyTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rft-service-key-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public Task Grading_WithoutTheKey_AnswersHealthAlone() => AnswersHealthAloneAsync<GraderWorkbenchService>(
        async channel => await new GraderWorkbench.GraderWorkbenchClient(channel).ValidateAsync(new() { GraderJson = "{}" }));

    [Fact]
    public Task Ingestion_WithoutTheKey_AnswersHealthAlone() => AnswersHealthAloneAsync<DatasetChecksService>(
        async channel => await new DatasetChecks.DatasetChecksClient(channel).CheckDatasetAsync(new() { DatasetPath = "/etc/hostname" }));

    [Fact]
    public Task Judge_WithoutTheKey_AnswersHealthAlone() => AnswersHealthAloneAsync<JudgeOptions>(
        async channel => await new JudgeService.JudgeServiceClient(channel).ScoreAsync(new()));

    [Fact]
    public void Start_NoKeyIsSet_SaysWhichSetting()
    {
        using var factory = new WebApplicationFactory<DatasetChecksService>();

        var error = Assert.ThrowsAny<Exception>(() => factory.Server);

        Assert.Contains("ServiceKey is not set", error.ToString(), StringComparison.Ordinal);
    }

    private async Task AnswersHealthAloneAsync<TEntry>(Func<GrpcChannel, Task> call) where TEntry : class
    {
        await using var service = ListeningService<TEntry>.Start(new ArtifactStore(_folder.FullName, _folder.FullName), ("ConnectionStrings:redis", "127.0.0.1:1,connectRetry=0"));

        Assert.Equal(StatusCode.Unauthenticated, await StatusOfAsync(service.Address, null, call));
        Assert.Equal(StatusCode.Unauthenticated, await StatusOfAsync(service.Address, KeyHandler.OfServices + "x", call));
        Assert.NotEqual(StatusCode.Unauthenticated, await StatusOfAsync(service.Address, KeyHandler.OfServices, call));
        using var http = new HttpClient { DefaultRequestVersion = new(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        Assert.True((await http.GetAsync(service.Address + "/alive")).IsSuccessStatusCode);
    }

    private static async Task<StatusCode> StatusOfAsync(string address, string? key, Func<GrpcChannel, Task> call)
    {
        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = new KeyHandler(key), DisposeHttpClient = true });
        try
        {
            await call(channel);
            return StatusCode.OK;
        }
        catch (RpcException error)
        {
            return error.StatusCode;
        }
    }
}
