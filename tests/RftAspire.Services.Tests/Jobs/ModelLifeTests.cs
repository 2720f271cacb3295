using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Services.Tests.Jobs.OpenAi;

namespace RftAspire.Services.Tests.Jobs;

public sealed class ModelLifeTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task GetModel_CheckpointOfAJob_HasItsStepAndContext()
    {
        var job = await service.Client.CreateJobAsync(await service.RequestAsync());
        var name = $"ft:base:default::{job.Id[6..14]}:ckpt-step-7";
        JobsUnderTest.WriteModel(service.Artifacts.TunedModelFolder(name), """{"x":{"shape":[2,2]}}""");
        File.WriteAllText(Path.Combine(service.Artifacts.TunedModelFolder(name), "config.json"), """{"max_position_embeddings":77}""");

        var model = await service.ModelClient.GetModelAsync(new GetModelRequest { Name = name });

        Assert.Equal((name, job.Id, 7, 77, 4L), (model.Name, model.JobId, model.Step, model.ContextLength, model.Parameters));
        Assert.Equal(2048, (await service.ModelClient.GetModelAsync(new GetModelRequest { Name = "base" })).ContextLength);
    }

    [RedisFact]
    public async Task DeleteModel_BaseOrInUse_IsRefusedAndOthersAreGone()
    {
        var free = "ft:base:default:free:0123abcd";
        var used = "ft:base:default:used:0123abcd";
        foreach (var name in new[] { free, used }) JobsUnderTest.WriteModel(service.Artifacts.TunedModelFolder(name), "{}");
        var request = await service.RequestAsync();
        request.Model = used;
        var job = await service.Client.CreateJobAsync(request);
        var made = $"ft:base:default::{job.Id[6..14]}:ckpt-step-1";
        JobsUnderTest.WriteModel(service.Artifacts.TunedModelFolder(made), "{}");

        foreach (var name in new[] { "base", used, made })
        {
            await JobsUnderTest.FailsAsync(async () => await service.ModelClient.DeleteModelAsync(new DeleteModelRequest { Name = name }), StatusCode.FailedPrecondition);
            Assert.NotNull(service.Artifacts.ModelFolder(name));
        }
        // As the .NET SDK writes it.
        var deleted = await (await service.Http.DeleteAsync($"/v1/models/{Uri.EscapeDataString(free)}")).JsonAsync();
        Assert.Equal((free, "model", true), (deleted.GetProperty("id").GetString(), deleted.GetProperty("object").GetString(), deleted.GetProperty("deleted").GetBoolean()));
        Assert.Null(service.Artifacts.ModelFolder(free));
        Assert.Equal("not_found", (await (await service.Http.GetAsync($"/v1/models/{free}")).ErrorAsync(404)).Code);
        Assert.Equal(used, (await (await service.Http.GetAsync($"/v1/models/{used}")).JsonAsync()).GetProperty("id").GetString());
    }

    [RedisFact]
    public async Task ExportModel_AnyModel_GivesItsFilesByteForByte()
    {
        var folder = service.Artifacts.TunedModelFolder("ft:base:default:large:0123abcd");
        JobsUnderTest.WriteModel(folder, "{}");
        var bytes = new byte[(2 << 20) + 5];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.json"), bytes);
        var files = new Dictionary<string, MemoryStream>();
        var sizes = new Dictionary<string, long>();

        using var call = service.ModelClient.ExportModel(new ExportModelRequest { Name = "ft:base:default:large:0123abcd" });
        await foreach (var part in call.ResponseStream.ReadAllAsync())
        {
            if (part.File is { } file) (files[file.Name], sizes[file.Name]) = (new MemoryStream(), file.Bytes);
            else files.Values.Last().Write(part.Data.Span);
            Assert.InRange(part.Data.Length, 0, 1 << 20);
        }

        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], files.Keys);
        foreach (var (name, content) in files) Assert.Equal(File.ReadAllBytes(Path.Combine(folder, name)), content.ToArray());
        Assert.All(sizes, size => Assert.Equal(size.Value, files[size.Key].Length));
    }
}
