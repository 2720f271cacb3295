using Grpc.Core;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Services.Tests.Grading.Workbench;
using RftAspire.Services.Tests.Jobs.Access;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;

namespace RftAspire.Services.Tests.Jobs;

/// <summary>The workbench in the public face, with the real Grading behind it.</summary>
public sealed class WorkbenchTests(WorkbenchTests.JobsAndGrading service) : IClassFixture<WorkbenchTests.JobsAndGrading>
{
    private const string Exact = """{"type":"string_check","operation":"eq","input":"{{sample.output_text}}","reference":"{{item.r}}"}""";

    [RedisFact]
    public async Task Validate_SoundGrader_IsPassedOn() =>
        Assert.Equal("r", (await service.Workbench.ValidateAsync(new() { GraderJson = Exact })).Columns.Single().Path);

    [RedisFact]
    public async Task Run_Answer_HasItsReward() =>
        Assert.Equal(1, (await service.Workbench.RunAsync(new() { GraderJson = Exact, ItemJson = """{"r":"x"}""", ModelSample = "x" })).Reward);

    [RedisFact]
    public async Task Run_Mistakes_KeepTheirFields()
    {
        var error = await FailsAsync(async () => await service.Workbench.RunAsync(new() { GraderJson = """{"type":"oracle"}""" }), StatusCode.InvalidArgument);

        Assert.Equal(["grader_json"], Fields(error));
        Assert.Contains("grader $.type: 'oracle' is no grader", error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Test_UploadedDataset_StreamsProgressAndTheReport()
    {
        var dataset = await service.UploadAsync(GoodRow.Replace("}]", "}],\"r\":\"a\"", StringComparison.Ordinal));
        var setup = new TestSetup { GraderJson = Exact, DatasetId = dataset.Id, AnswerColumn = "r" };

        var responses = await WorkbenchCalls.TestAsync(service.Workbench, new TestRequest { Setup = setup });

        Assert.Equal(TestResponse.PartOneofCase.Progress, responses[0].PartCase);
        Assert.Equal((1, 1.0), (responses[^1].Report.Rows, responses[^1].Report.Rewards.Mean));
    }

    [RedisFact]
    public async Task Test_ForeignDataset_IsAnUnknownOne()
    {
        const string nothing = "file-000000000000000000000000";
        var theirs = (await service.UploadAsync(GoodRow)).Id;
        using var channel = await service.ChannelOfAsync("stranger", Role.User);
        var stranger = new GraderWorkbench.GraderWorkbenchClient(channel);
        Task TestAsync(string id) => WorkbenchCalls.TestAsync(stranger, new TestRequest { Setup = new TestSetup { GraderJson = Exact, DatasetId = id, AnswerColumn = "r" } });

        var foreign = await FailsAsync(() => TestAsync(theirs), StatusCode.InvalidArgument);
        var unknown = await FailsAsync(() => TestAsync(nothing), StatusCode.InvalidArgument);

        Assert.Equal(["setup.dataset_id"], Fields(foreign));
        Assert.Equal(unknown.Status.Detail.Replace(nothing, theirs, StringComparison.Ordinal), foreign.Status.Detail);
    }

    [RedisFact]
    public async Task Test_RefusedBeforeItsEnd_SaysWhy()
    {
        var setup = new TestRequest { Setup = new TestSetup { GraderJson = "{}" } };
        var rows = Enumerable.Repeat(new TestRequest { Row = new TestRow { RowJson = "{}" } }, 200);

        var error = await FailsAsync(() => WorkbenchCalls.TestAsync(service.Workbench, [setup, .. rows]), StatusCode.InvalidArgument);

        Assert.Equal(["setup.grader_json"], Fields(error));
    }

    public sealed class JobsAndGrading : JobsUnderTest
    {
        protected override bool HasGrading => true;
    }
}

public sealed class WorkbenchWithoutGradingTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task Run_GradingIsAway_IsUnavailableWithTheSetting()
    {
        var error = await FailsAsync(async () => await service.Workbench.RunAsync(new() { GraderJson = Grader }), StatusCode.Unavailable);

        Assert.Contains("services:grading:grpc:0", error.Status.Detail, StringComparison.Ordinal);
    }
}
