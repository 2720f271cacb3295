using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Services.Tests.Jobs.Access;
using RftAspire.Services.Tests.Jobs.OpenAi;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;

namespace RftAspire.Services.Tests.Jobs.Hostile;

/// <summary>Things that are sound by themselves and were made to spoil something else.</summary>
public sealed class HostileThingTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private const string Judge = """{"type":"score_model","name":"j","model":"ft:base:owner::01234567","input":[{"role":"user","content":"x"}]}""";

    [RedisTheory, InlineData("[1"), InlineData("7"), InlineData("""{"integrations":7,"grader":[],"response_format":1}""")]
    public async Task List_JobWithAnyAnnotation_IsServedOverTheOtherFace(string annotation)
    {
        var request = await service.RequestAsync();
        request.Annotation = annotation;
        var job = await service.Client.CreateJobAsync(request);

        var listed = await (await service.Http.GetAsync("/v1/fine_tuning/jobs?limit=1")).JsonAsync();

        Assert.Equal((job.Id, 0), (listed.GetProperty("data")[0].GetProperty("id").GetString(), listed.GetProperty("data")[0].GetProperty("integrations").GetArrayLength()));
    }

    [RedisFact]
    public async Task ListJobs_LargeJobs_ComeInPagesThatClientsTake()
    {
        using var channel = await service.ChannelOfAsync("large");
        var jobs = new JobService.JobServiceClient(channel);
        using var upload = new FileService.FileServiceClient(channel).UploadFile();
        await upload.RequestStream.WriteAsync(Header("rows.jsonl"));
        await upload.RequestStream.WriteAsync(Data(GoodRow));
        await upload.RequestStream.CompleteAsync();
        var request = await service.RequestAsync();
        (request.TrainingDatasetId, request.Annotation) = ((await upload.ResponseAsync).Id, new string('x', 2 << 20));
        var made = new List<string>();
        for (var i = 0; i < 3; i++) made.Add((await jobs.CreateJobAsync(request)).Id);

        var seen = new List<string>();
        ListJobsResponse page;
        do seen.AddRange((page = await jobs.ListJobsAsync(new() { After = seen.LastOrDefault() ?? "" })).Jobs.Select(job => job.Id));
        while (page.HasMore);

        Assert.Equal(made.Order(), seen.Order());
        request.Annotation = new string('x', (3 << 20) + 1);
        Assert.Equal(["annotation"], Fields(await FailsAsync(async () => await jobs.CreateJobAsync(request), StatusCode.InvalidArgument)));
    }

    [RedisFact]
    public async Task AnyGrader_JudgeOfAnotherTenant_IsNoJudge()
    {
        var request = await service.RequestAsync();
        request.GraderJson = Judge;
        var evals = new EvalService.EvalServiceClient(service.AdminChannel);

        Assert.Equal(["grader_json"], Fields(await FailsAsync(async () => await service.Client.CreateJobAsync(request), StatusCode.InvalidArgument)));
        Assert.Equal(["testing_criteria_json[0]"], Fields(await FailsAsync(async () => await evals.CreateEvalAsync(new() { DataSourceConfigJson = """{"type":"custom"}""", TestingCriteriaJson = { Judge } }), StatusCode.InvalidArgument)));
        Assert.Equal(["grader_json"], Fields(await FailsAsync(async () => await service.Workbench.RunAsync(new() { GraderJson = Judge }), StatusCode.InvalidArgument)));
        var error = await (await service.PostJsonAsync("/v1/fine_tuning/alpha/graders/run", $$"""{"grader":{{Judge}},"model_sample":"x"}""")).ErrorAsync(400);
        Assert.Contains("there is no judge 'ft:base:owner::01234567' here", error.Message, StringComparison.Ordinal);
        // One's own is asked; here there is nobody who could.
        await FailsAsync(async () => await service.Workbench.RunAsync(new() { GraderJson = Judge.Replace("owner", "default", StringComparison.Ordinal) }), StatusCode.Unavailable);
    }

    [RedisFact]
    public async Task ModelWithoutATenant_OfTheOperator_IsUnknownToOthers()
    {
        WriteModel(service.Artifacts.TunedModelFolder("handmade"), "{}");
        using var channel = await service.ChannelOfAsync("curious");

        var error = await FailsAsync(async () => await new JobService.JobServiceClient(channel).CreateJobAsync(new() { Model = "handmade" }), StatusCode.InvalidArgument);

        Assert.Contains("there is no model 'handmade'; known models: base;", error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task ChangesOfEvals_AreRecordedWithTheirTarget()
    {
        using var channel = await service.ChannelOfAsync("evaluating");
        var evals = new EvalService.EvalServiceClient(channel);
        var eval = await evals.CreateEvalAsync(new() { DataSourceConfigJson = """{"type":"custom"}""", TestingCriteriaJson = { """{"type":"string_check","name":"e","operation":"eq","input":"{{sample.output_text}}","reference":"a"}""" } });
        var run = await evals.CreateEvalRunAsync(new() { EvalId = eval.Id, DataSourceJson = """{"type":"jsonl","source":{"type":"file_content","content":[{"item":{},"sample":{"output_text":"x"}}]}}""" });
        await evals.CancelEvalRunAsync(new() { EvalId = eval.Id, RunId = run.Id });
        await evals.DeleteEvalAsync(new() { EvalId = eval.Id });

        var events = (await new KeyService.KeyServiceClient(channel).ListAuditEventsAsync(new())).Events;

        Assert.Equal([eval.Id, run.Id, run.Id, eval.Id], events.Select(happened => happened.Target));
        Assert.False(File.Exists(service.Artifacts.EvalRowsFile(run.Id)));
    }
}
