using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Grading.Rollouts;
using RftAspire.Services.Tests.Grading.Remote;

namespace RftAspire.Services.Tests.Grading;

/// <summary>The real service with a grader that keeps it waiting.</summary>
public sealed class SlowGradersTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private ServiceUnderTest<GradePromptGroupConsumer> _service = null!;
    private StubEndpoint _stub = null!;

    public async Task InitializeAsync()
    {
        _stub = await StubEndpoint.StartAsync();
        _service = new ServiceUnderTest<GradePromptGroupConsumer>(("Grading:HoldLimit", "00:00:00.05"));
        var grader = JsonSerializer.Serialize(new { type = "endpoint", url = _stub.Url });
        ArtifactStore.WriteJson(_service.Store.JobSpecFile("job-1"), ServiceUnderTest<GradePromptGroupConsumer>.Spec("job-1", grader));
        var row = new PromptRow { Messages = [new PromptMessage("user", "?")], Item = JsonElement.Parse("{}"), Line = 1 };
        await File.WriteAllLinesAsync(_service.Store.TrainingPromptsFile("job-1"), [JsonSerializer.Serialize(row, ArtifactStore.Json)]);
    }

    public async Task DisposeAsync() => await _stub.DisposeAsync();

    public void Dispose() => _service.Dispose();

    [Fact]
    public async Task Consume_GroupThatTakesLong_GoesRoundWhileItIsGradedOnce()
    {
        var release = new TaskCompletionSource();
        _stub.Answer = async (context, _) =>
        {
            await release.Task;
            await StubEndpoint.Score(context, "0.5");
        };

        await _service.Harness.Bus.Publish(Group(0, rollouts: 2));
        await SentAsync<PromptGroupSampled>(3);
        Assert.Empty(_service.Harness.Published.Select<PromptGroupGraded>(new CancellationToken(canceled: true)));
        release.SetResult();

        Assert.Equal([0.5, 0.5], (await GradedAsync(1))[0].Rollouts.Select(rollout => rollout.Reward));
        Assert.Equal(2, _stub.Asked.Count);
    }

    [Fact]
    public async Task Consume_ManyGroupsAtASlowGrader_WaitAtTheSameTime()
    {
        var all = new TaskCompletionSource();
        // Nobody is answered before everybody has asked.
        _stub.Answer = async (context, number) =>
        {
            if (number == 12) all.SetResult();
            await all.Task;
            await StubEndpoint.Score(context, "1");
        };

        for (var group = 0; group < 6; group++) await _service.Harness.Bus.Publish(Group(group, rollouts: 2));

        Assert.Equal(6, (await GradedAsync(6)).Select(group => group.Id.Group).Distinct().Count());
    }

    [Fact]
    public async Task Dispose_GroupAtASlowGrader_EndsTheWork()
    {
        var aborted = new TaskCompletionSource();
        _stub.Answer = async (context, _) =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            await aborted.Task;
        };
        await _service.Harness.Bus.Publish(Group(0, rollouts: 1));
        await SentAsync<PromptGroupSampled>(1);

        await Task.Run(_service.Dispose).WaitAsync(s_patience);

        await aborted.Task.WaitAsync(s_patience);
    }

    [Fact]
    public async Task Consume_GraderAway_TellsTrainingAndTakesItBack()
    {
        var back = false;
        _stub.Answer = (context, _) => Volatile.Read(ref back) ? StubEndpoint.Score(context, "1") : StubEndpoint.Write(context, 503, "closed for now");
        await _service.Harness.Bus.Publish(Group(0, rollouts: 8));

        var pause = await PublishedAsync<GradingPaused>();
        Volatile.Write(ref back, true);

        Assert.Equal(("job-1", new Uri(_stub.Url).GetLeftPart(UriPartial.Authority)), (pause.JobId, pause.Grader));
        Assert.Contains("closed for now", pause.Cause, StringComparison.Ordinal);
        Assert.Equal(new GradingResumed(pause.JobId, pause.Grader), await PublishedAsync<GradingResumed>());
        Assert.All((await GradedAsync(1))[0].Rollouts, rollout => Assert.Equal(1, rollout.Reward));
    }

    private async Task<T> PublishedAsync<T>() where T : class
    {
        using var patience = new CancellationTokenSource(s_patience);
        await foreach (var published in _service.Harness.Published.SelectAsync<T>(patience.Token)) return published.Context.Message;
        throw new TimeoutException($"no {typeof(T).Name} was published");
    }

    private async Task<List<PromptGroupGraded>> GradedAsync(int count)
    {
        using var patience = new CancellationTokenSource(s_patience);
        var graded = new List<PromptGroupGraded>();
        await foreach (var published in _service.Harness.Published.SelectAsync<PromptGroupGraded>(patience.Token))
        {
            graded.Add(published.Context.Message);
            if (graded.Count == count) return graded;
        }
        throw new TimeoutException($"{graded.Count} of {count} groups were graded");
    }

    private async Task SentAsync<T>(int count) where T : class
    {
        using var patience = new CancellationTokenSource(s_patience);
        await foreach (var _ in _service.Harness.Sent.SelectAsync<T>(patience.Token))
        {
            if (--count == 0) return;
        }
        throw new TimeoutException($"{count} more of {typeof(T).Name} were expected");
    }

    private static PromptGroupSampled Group(int group, int rollouts) => new()
    {
        Id = new GroupId("job-1", Step: 1, GroupPurpose.Train, group, PromptIndex: 0),
        WeightsVersion = 0,
        PromptTokens = [5],
        Rollouts = [.. Enumerable.Range(0, rollouts).Select(index => new Rollout
        {
            Index = index, CompletionTokens = [1], SamplingLogprobs = [-1], Text = $"answer {index}", FinishReason = FinishReason.Stop,
        })],
    };
}
