using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Files;
using OpenAI.FineTuning;
using OpenAI.Graders;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Services.Tests.Jobs.Access;
using Role = RftAspire.Contracts.Jobs.V1.Role;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

#pragma warning disable OPENAI001 // Fine-tuning is all experimental there.

/// <summary>The official .NET SDK, unchanged; what Training would say is published by the test.</summary>
public sealed class DotNetSdkTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private const string Grader = """{"type":"string_check","name":"exact","input":"{{sample.output_text}}","reference":"{{item.answer}}","operation":"eq"}""";

    [RedisFact]
    public async Task Files_UploadListDownloadDelete_Work()
    {
        var files = Files();

        OpenAIFile file = await files.UploadFileAsync(BinaryData.FromString("some text"), "größe.txt", FileUploadPurpose.UserData);
        var bytes = (await files.DownloadFileAsync(file.Id)).Value.ToString();
        var listed = (await files.GetFilesAsync()).Value.Select(one => one.Id).ToList();
        var deleted = (await files.DeleteFileAsync(file.Id)).Value;

        Assert.Equal(("größe.txt", 9, "some text", true), (file.Filename, file.SizeInBytes, bytes, deleted.Deleted));
        Assert.Contains(file.Id, listed);
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(() => files.GetFileAsync(file.Id))).Status);
    }

    [RedisFact]
    public async Task Job_WholeLife_IsSeen()
    {
        var (client, id) = await CreateAsync();
        var model = $"ft:base:default::{id[6..14]}";
        foreach (var message in (object[])[
            new DatasetsIngested(id, 3, 1, []), new GraderAccepted(id, []), new TrainingStarted(id, 2),
            new StepTrained(id, 1, 2, new() { ["reward/mean"] = 0.5 }), new EvalCompleted(id, 1, new() { ["reward/sampled"] = 0.25 }), new StepTrained(id, 2, 2, new() { ["reward/mean"] = 0.75 }),
            new CheckpointsKept(id, 1, [new KeptCheckpoint(1, ModelNames.Checkpoint(model, 1), "beef", new() { ["reward/mean"] = 0.5 }, DateTimeOffset.UnixEpoch)]),
            new JobSucceeded(id, model, "beef")]) await service.PublishAsync(message);
        await service.UntilAsync(id, "succeeded");

        FineTuningJob job = await client.GetJobAsync(id);
        await job.WaitForCompletionAsync();
        var events = new List<FineTuningEvent>();
        await foreach (var happened in job.GetEventsAsync(new GetEventsOptions { PageSize = 2 })) events.Add(happened);
        var checkpoints = new List<FineTuningCheckpoint>();
        await foreach (var checkpoint in job.GetCheckpointsAsync(new GetCheckpointsOptions())) checkpoints.Add(checkpoint);
        var results = (await Files().DownloadFileAsync(job.ResultFileIds.Single())).Value.ToString();

        Assert.Equal(("succeeded", model, 7), (job.Status.ToString(), job.Value, job.Seed));
        Assert.Equal("The job has successfully completed", events[0].Message);
        Assert.Equal($"Created fine-tuning job: {id}", events[^1].Message);
        Assert.Equal(events.Count, events.Select(happened => happened.Id).Distinct().Count());
        Assert.Equal((1, ModelNames.Checkpoint(model, 1)), (checkpoints.Single().StepNumber, checkpoints.Single().ModelId));
        Assert.StartsWith("step,", results, StringComparison.Ordinal);
        Assert.Contains("string_check", ModelReaderWriter.Write(job.TrainingMethod!).ToString(), StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Job_Supervised_HasItsHyperparameters()
    {
        var client = Client();
        var file = await service.UploadFileAsync();

        var job = await client.FineTuneAsync("base", file, waitUntilCompleted: false, new FineTuningOptions { TrainingMethod = FineTuningTrainingMethod.CreateSupervised(epochCount: 2), Suffix = "s" });

        Assert.IsType<HyperparametersForSupervised>(job.MethodHyperparameters);
        Assert.Contains("\"n_epochs\":2", ModelReaderWriter.Write(job.TrainingMethod!).ToString(), StringComparison.Ordinal);
        Assert.Equal("s", job.UserProvidedSuffix);
    }

    [RedisFact]
    public async Task Job_CancelPauseAndResume_AnswerWithWhereItIs()
    {
        var (client, id) = await CreateAsync();
        foreach (var message in (object[])[new DatasetsIngested(id, 3, 1, []), new GraderAccepted(id, []), new TrainingStarted(id, 2)]) await service.PublishAsync(message);
        await service.UntilAsync(id, "running");

        var paused = await AsAsync<PauseTraining>(client.PauseFineTuningJobAsync(id, new RequestOptions()), new JobPaused(id));
        var resumed = Status(await client.ResumeFineTuningJobAsync(id, new RequestOptions()));
        FineTuningJob job = await client.GetJobAsync(id);
        var cancelling = job.CancelAndUpdateAsync();
        Assert.True(await service.Harness.Published.Any<CancelTraining>(sent => sent.Context.Message.JobId == id));
        await service.PublishAsync(new JobCancelled(id));
        await cancelling;

        Assert.Equal(("paused", "queued", "cancelled"), (paused, resumed, job.Status.ToString()));

        async Task<string> AsAsync<T>(Task<ClientResult> call, object answer) where T : class
        {
            Assert.True(await service.Harness.Published.Any<T>());
            await service.PublishAsync(answer);
            return Status(await call);
        }
    }

    [RedisFact]
    public async Task List_AllPages_HaveEveryJobOnce()
    {
        var ids = new List<string>();
        for (var i = 0; i < 3; i++) ids.Add((await CreateAsync()).Id);

        var listed = new List<string>();
        await foreach (var job in Client().GetJobsAsync(new FineTuningJobCollectionOptions { PageSize = 2 })) listed.Add(job.JobId);

        Assert.Equal(listed.Count, listed.Distinct().Count());
        Assert.Equal(Enumerable.Reverse(ids), listed.Where(ids.Contains));
    }

    public static TheoryData<int, string> Errors() => new()
    {
        { 400, "invalid_request_error: model_not_found) | Parameter: model | model: there is no model 'nothing'" },
        { 401, "invalid_request_error: invalid_api_key) | no valid API key" },
        { 403, "permission_error: insufficient_permissions) | " },
        { 404, "invalid_request_error: not_found) | there is no job 'ftjob-none'" },
        { 409, "invalid_request_error: idempotency_key_reused) | Parameter: Idempotency-Key | Idempotency-Key: " },
        { 413, "invalid_request_error: body_too_large) | The body has more than " },
        { 429, "rate_limit_error: limit_reached) | tenant net may make 1 calls a second" },
        { 503, "server_error: service_unavailable) | " },
    };

    [RedisTheory, MemberData(nameof(Errors))]
    public async Task Errors_Documented_AreReadWhole(int status, string text)
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(async () => await (status switch
        {
            400 => Client().FineTuneAsync(Json("""{"model":"nothing","training_file":"file-none"}"""), false, new RequestOptions()),
            401 => Client("sk-rft-wrong").GetJobAsync("ftjob-none"),
            403 => Client(await service.NewKeyAsync(Role.Viewer)).FineTuneAsync(Json("{}"), false, new RequestOptions()),
            404 => Client().GetJobAsync("ftjob-none"),
            409 => ReuseAsync(),
            413 => Client().FineTuneAsync(Json(new string(' ', 9 << 20)), false, new RequestOptions()),
            429 => HurryAsync(),
            _ => (Task)new GraderClient(new ApiKeyCredential(service.Key), Options()).RunGraderAsync(Json($$$"""{"grader":{{{Grader}}},"model_sample":"x"}""")),
        }));

        Assert.Equal(status, error.Status);
        Assert.StartsWith($"HTTP {status} ({text}", error.Message.ReplaceLineEndings(" | ").Replace(" |  | ", " | ", StringComparison.Ordinal), StringComparison.Ordinal);

        async Task ReuseAsync()
        {
            var options = new RequestOptions();
            options.SetHeader("Idempotency-Key", "net");
            foreach (var seed in (int[])[1, 2])
                await Client().FineTuneAsync(Json($$"""{"model":"base","training_file":"{{await service.UploadFileAsync()}}","seed":{{seed}}}"""), false, options);
        }

        async Task HurryAsync()
        {
            var client = Client(await service.NewKeyAsync(Role.Viewer, "net"));
            await service.Keys().SetLimitsAsync(new() { Limits = new() { Tenant = "net", RequestsPerSecond = 1 } });
            for (var i = 0; i < 50; i++) await client.GetJobsAsync(new FineTuningJobCollectionOptions()).GetAsyncEnumerator().MoveNextAsync();
        }
    }

    private async Task<(FineTuningClient Client, string Id)> CreateAsync()
    {
        var client = Client();
        var file = await service.UploadFileAsync();
        var job = await client.FineTuneAsync(
            Json($$$"""{"model":"base","training_file":"{{{file}}}","seed":7,"method":{"type":"reinforcement","reinforcement":{"grader":{{{Grader}}},"hyperparameters":{"n_epochs":1} } } }"""), false, new RequestOptions());
        return (client, job.JobId);
    }

    private FineTuningClient Client(string? key = null) => new(new ApiKeyCredential(key ?? service.Key), Options());

    private OpenAIFileClient Files() => new(new ApiKeyCredential(service.Key), Options());

    private OpenAIClientOptions Options() => new() { Endpoint = new Uri(service.Http.BaseAddress!, "v1"), RetryPolicy = new ClientRetryPolicy(0) };

    private static BinaryContent Json(string json) => BinaryContent.Create(BinaryData.FromBytes(Encoding.UTF8.GetBytes(json)));

    private static string Status(ClientResult answer) => JsonDocument.Parse(answer.GetRawResponse().Content).RootElement.GetProperty("status").GetString()!;
}
