using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.ForeignClients;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

/// <summary>The official Node SDK, unchanged, driven by tests/foreign-clients/node/openai.mjs.</summary>
public sealed class NodeSdkTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [NodeFact]
    public async Task OpenAi_FilesJobsPagesAndErrors_AreUnderstood()
    {
        if (!RedisServer.IsInstalled) return;
        var dataset = Path.Combine(service.Artifacts.BaseModels, "node.jsonl");
        await File.WriteAllTextAsync(dataset, JobsUnderTest.GoodRow + "\n");

        var running = NodeFactAttribute.RunAsync("node", "openai.mjs", service.Http.BaseAddress + "v1", service.Key, dataset, "base");
        var training = PlayTrainingAsync(running);
        var (exit, output) = await running;

        Assert.True(exit == 0, output);
        var id = await training;
        const string expected = """
            {"id":true,"same":true,"paged":["1","2","3"],"joined":"abcdef","model":"MODEL","first":"Created fine-tuning job: JOB","last":"The job has successfully completed","unique":true,
            "metrics":0.5,"checkpoint":1,"csv":"step","cancelled":"cancelled","listed":true,"errors":{"model":"BadRequestError 400 model_not_found model","dpo":"BadRequestError 400 unsupported_method method.type",
            "job":"NotFoundError 404 not_found null","ended":"BadRequestError 400 failed_precondition null","purpose":"BadRequestError 400 invalid_purpose purpose",
            "key":"AuthenticationError 401 invalid_api_key null","limit":"BadRequestError 400 invalid_value limit"}}
            """;
        Assert.Equal(expected.ReplaceLineEndings("").Replace("MODEL", ModelOf(id), StringComparison.Ordinal).Replace("JOB", id, StringComparison.Ordinal), output.Trim());
    }

    private async Task<string> PlayTrainingAsync(Task running)
    {
        var first = await FindAsync("first", running);
        foreach (var message in (object[])[
            new DatasetsIngested(first, 1, 0, []), new GraderAccepted(first, []), new TrainingStarted(first, 1), new StepTrained(first, 1, 1, new() { ["reward/mean"] = 0.5 }),
            new CheckpointsKept(first, 1, [new KeptCheckpoint(1, ModelNames.Checkpoint(ModelOf(first), 1), "beef", [], DateTimeOffset.UnixEpoch)]),
            new JobSucceeded(first, ModelOf(first), "beef")]) await service.PublishAsync(message);
        var second = await FindAsync("second", running);
        Assert.True(await service.Harness.Published.Any<CancelTraining>(sent => sent.Context.Message.JobId == second));
        await service.PublishAsync(new JobCancelled(second));
        return first;
    }

    private async Task<string> FindAsync(string run, Task running)
    {
        while (!running.IsCompleted)
        {
            var jobs = (await (await service.Http.GetAsync($"/v1/fine_tuning/jobs?metadata[run]={run}")).JsonAsync()).GetProperty("data");
            if (jobs.GetArrayLength() > 0) return jobs[0].GetProperty("id").GetString()!;
            await Task.Delay(50);
        }
        throw new InvalidOperationException($"the script ended before its {run} job: {JsonSerializer.Serialize(run)}");
    }

    private static string ModelOf(string id) => $"ft:base:default:node:{id[6..14]}";
}
