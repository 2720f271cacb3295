using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;
using RftAspire.Grading;
using RftAspire.Grading.Rollouts;

namespace RftAspire.Services.Tests.Grading;

public sealed class GradePromptGroupConsumerTests : IDisposable
{
    private readonly ServiceUnderTest<GradePromptGroupConsumer> _service = new();

    public void Dispose() => _service.Dispose();

    [Theory]
    [InlineData(GroupPurpose.Train, 1, 0)]
    [InlineData(GroupPurpose.EvalGreedy, 0, 1)]
    [InlineData(GroupPurpose.EvalSampled, 0, 1)]
    public async Task Consume_Group_GradesAgainstTheRowOfItsPurpose(GroupPurpose purpose, double first, double second)
    {
        WriteJob();
        var group = Group(purpose, """{"labels":["A"]}""", """{"labels":["B"]}""");

        await _service.Harness.Bus.Publish(group);

        var graded = (await Graded(1))[0];
        Assert.Equal((group.Id, group.WeightsVersion), (graded.Id, graded.WeightsVersion));
        Assert.Equal(group.PromptTokens, graded.PromptTokens);
        Assert.Equal([(0, (double?)first), (1, second)], graded.Rollouts.Select(rollout => (rollout.Rollout.Index, rollout.Reward)));
        Assert.Equal(group.Rollouts[1].SamplingLogprobs, graded.Rollouts[1].Rollout.SamplingLogprobs);
    }

    [Fact]
    public async Task Consume_Redelivery_SaysTheSameAgain()
    {
        WriteJob();
        var group = Group(GroupPurpose.Train, """{"labels":["A","B"]}""");

        await _service.Harness.Bus.Publish(group);
        await _service.Harness.Bus.Publish(group);

        var graded = await Graded(2);
        Assert.Equal(JsonSerializer.Serialize(WithoutTimes(graded[0])), JsonSerializer.Serialize(WithoutTimes(graded[1])));
    }

    [Fact]
    public async Task Consume_RowWithoutReference_LeavesTheRolloutUngraded()
    {
        WriteJob();

        await _service.Harness.Bus.Publish(Group(GroupPurpose.Train, "{}") with { Id = new GroupId("job-1", 1, GroupPurpose.Train, 0, PromptIndex: 1) });

        var rollout = (await Graded(1))[0].Rollouts.Single();
        Assert.Null(rollout.Reward);
        Assert.Equal("invalid_reference", rollout.Error!.Kind);
    }

    [Fact]
    public void Get_JobWithoutSpec_ThrowsAndFindsItOnceItIsThere()
    {
        var jobs = new GradingJobs(_service.Store, new GraderFactory());
        Assert.ThrowsAny<IOException>(() => jobs.Get("job-1"));

        WriteJob();

        Assert.Same(jobs.Get("job-1"), jobs.Get("job-1"));
        Assert.Throws<InvalidDataException>(() => jobs.Get("job-1").Item(new GroupId("job-1", 1, GroupPurpose.Train, 0, PromptIndex: 2)));
    }

    [Fact]
    public void Get_MoreJobsThanHeld_LetsTheOldestGo()
    {
        for (var job = 1; job <= 9; job++) WriteJob($"job-{job}");
        var jobs = new GradingJobs(_service.Store, new GraderFactory());
        var (first, second) = (jobs.Get("job-1"), jobs.Get("job-2"));
        for (var job = 3; job <= 8; job++) jobs.Get($"job-{job}");
        jobs.Get("job-1");

        jobs.Get("job-9");

        Assert.Same(first, jobs.Get("job-1"));
        Assert.NotSame(second, jobs.Get("job-2"));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(null)]
    public void GradeAsync_GraderThatFails_IsAnUngradedRollout(double? value)
    {
        var definition = GraderDefinition.Parse("""{"type":"label_set","name":"f1","reference":"{{item.labels}}"}""");

        var result = new GuardedGrader(definition, new FaultyGrader(value)).Ungraded("""{"labels":[]}""", "");

        Assert.Equal("grader_error", result.Kind);
        Assert.Equal(("f1", "label_set", "grader_error"), (result.Parts[0].Name, result.Parts[0].Type, result.Parts[0].Error!.Kind));
    }

    private static PromptGroupGraded WithoutTimes(PromptGroupGraded group) => group with
    {
        Rollouts = [.. group.Rollouts.Select(rollout => rollout with { Parts = [.. rollout.Parts.Select(part => part with { Seconds = null })] })],
    };

    private async Task<List<PromptGroupGraded>> Graded(int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var graded = new List<PromptGroupGraded>();
        await foreach (var published in _service.Harness.Published.SelectAsync<PromptGroupGraded>(patience.Token))
        {
            graded.Add(published.Context.Message);
            if (graded.Count == count) return graded;
        }
        throw new TimeoutException($"{graded.Count} of {count} graded groups were published");
    }

    private static PromptGroupSampled Group(GroupPurpose purpose, params string[] texts) => new()
    {
        Id = new GroupId("job-1", Step: 1, purpose, Group: 0, PromptIndex: 0),
        WeightsVersion = 0,
        PromptTokens = [5, 6],
        Rollouts = [.. texts.Select((text, index) => new Rollout
        {
            Index = index,
            CompletionTokens = [index, 9],
            SamplingLogprobs = [-0.1f * index, -1.5f],
            Text = text,
            FinishReason = FinishReason.Stop,
        })],
    };

    private void WriteJob(string jobId = "job-1")
    {
        var spec = ServiceUnderTest<GradePromptGroupConsumer>.Spec(jobId, """{"type":"label_set","name":"f1","reference":"{{item.labels}}"}""");
        ArtifactStore.WriteJson(_service.Store.JobSpecFile(jobId), spec);
        Write(_service.Store.TrainingPromptsFile(jobId), """{"labels":["A"]}""", "{}");
        Write(_service.Store.ValidationPromptsFile(jobId), """{"labels":["B"]}""");
    }

    private static void Write(string path, params string[] items) => File.WriteAllLines(path, items.Select((item, index) => JsonSerializer.Serialize(
        new PromptRow { Messages = [new PromptMessage("user", "?")], Item = JsonElement.Parse(item), Line = index + 1 }, ArtifactStore.Json)));

    private sealed class FaultyGrader(double? reward) : IGrader
    {
        public ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation) =>
            new(new GradeResult.Reward(reward ?? throw new InvalidOperationException("out of order")));

        public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => [];
    }
}
