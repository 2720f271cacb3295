using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Models;

namespace RftAspire.Services.Tests.Jobs;

public sealed class ModelsTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task ListModels_BaseAndTuned_AreDescribedAndDamagedOnesToo()
    {
        var job = await service.Client.CreateJobAsync(await service.RequestAsync());
        var tuned = $"ft:base:default::{job.Id[6..14]}";
        JobsUnderTest.WriteModel(service.Artifacts.TunedModelFolder(tuned), """{"x":{"shape":[2,2]}}""");
        JobsUnderTest.WriteModel(service.Artifacts.TunedModelFolder("damaged"), "[");

        var models = (await service.ModelClient.ListModelsAsync(new ListModelsRequest())).Models;

        Assert.Equal(["base", "damaged", tuned], models.Select(model => model.Name));
        Assert.Equal(["", "", job.Id], models.Select(model => model.JobId));
        Assert.Equal([17L, 0L, 4L], models.Select(model => model.Parameters));
        Assert.Equal(service.Artifacts.TunedModelFolder(tuned), models[2].Location);
    }

    [RedisFact]
    public async Task Rest_ModelsAndUnknownUrls_AnswerAsOpenAiDoes()
    {
        var list = await service.Http.GetFromJsonAsync<JsonElement>("/v1/models");
        var unknown = await service.Http.PostAsync("/v1/models/x/y", null);
        var error = (await unknown.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");

        Assert.Equal("list", list.GetProperty("object").GetString());
        var model = list.GetProperty("data")[0];
        Assert.Equal(("base", "model"), (model.GetProperty("id").GetString(), model.GetProperty("object").GetString()));
        Assert.True(model.GetProperty("created").GetInt64() > 0);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(JsonValueKind.Null, error.GetProperty("param").ValueKind);
        Assert.Equal("unknown_url", error.GetProperty("code").GetString());
    }

    [RedisFact]
    public async Task Health_EverythingUp_IsHealthy()
    {
        var report = await service.Http.GetFromJsonAsync<JsonElement>("/health");

        Assert.Equal("Healthy", report.GetProperty("status").GetString());
        Assert.Equal(["masstransit-bus", "redis", "self"], report.GetProperty("checks").EnumerateObject().Select(check => check.Name).Order());
    }

    [Fact]
    public void CountParameters_ShardsAndScalars_AreSummed()
    {
        var folder = Directory.CreateTempSubdirectory("rft-model-");
        try
        {
            JobsUnderTest.WriteModel(folder.FullName, """{"x":{"shape":[2,3]},"scalar":{"shape":[]}}""");
            File.Move(Path.Combine(folder.FullName, "model.safetensors"), Path.Combine(folder.FullName, "model-1.safetensors"));
            JobsUnderTest.WriteModel(folder.FullName, """{"y":{"shape":[10]}}""");

            Assert.Equal(17, SafetensorsHeader.CountParameters(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
