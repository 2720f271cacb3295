using System.Reflection;
using MassTransit;
using MassTransit.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Messages;
using RftAspire.Training;

namespace RftAspire.Services.Tests.Training;

public sealed class RolloutExchangeTests : IDisposable
{
    private readonly ServiceUnderTest<TrainingLoop> _service = new();
    private readonly GradingPauses _pauses = new(TimeProvider.System);

    public void Dispose() => _service.Dispose();

    [Fact]
    public async Task SampleAsync_AnswersInAnyOrder_ReturnsThemInTheOrderOfTheCommands()
    {
        var exchange = Exchange(new TrainingOptions());
        var sampling = SampleAsync(exchange, 3);
        foreach (var group in new[] { 2, 0, 1 }) exchange.Receive(Answer(group, version: 7));
        Assert.Equal([0, 1, 2], (await sampling).Select(answer => answer.Id.Group));
    }

    [Fact]
    public async Task SampleAsync_AnswersTwiceOrToNobody_TakesTheFirst()
    {
        var exchange = Exchange(new TrainingOptions());
        exchange.Receive(Answer(0, version: 1));
        var sampling = SampleAsync(exchange, 2);
        exchange.Receive(Answer(0, version: 2));
        exchange.Receive(Answer(0, version: 3));
        exchange.Receive(Answer(5, version: 4));
        exchange.Receive(Answer(1, version: 5));
        Assert.Equal([2, 5], (await sampling).Select(answer => answer.WeightsVersion));
        exchange.Receive(Answer(1, version: 6));
    }

    [Fact]
    public async Task SampleAsync_GroupUnanswered_AsksForThatOneAgain()
    {
        var exchange = Exchange(new TrainingOptions { GroupDeadline = TimeSpan.FromMilliseconds(50) });
        var sampling = SampleAsync(exchange, 2);
        exchange.Receive(Answer(0, version: 1));
        await AskedAsync(group: 1, times: 3);
        exchange.Receive(Answer(1, version: 2));
        Assert.Equal([1, 2], (await sampling).Select(answer => answer.WeightsVersion));
        Assert.Single(Asked(), id => id.Group == 0);
    }

    [Fact]
    public async Task SampleAsync_NoAnswerWithinTheStep_FailsWithTheReason()
    {
        var exchange = Exchange(new TrainingOptions { GroupDeadline = TimeSpan.FromMilliseconds(20), StepDeadline = TimeSpan.FromMilliseconds(60) });
        var sampling = SampleAsync(exchange, 3);
        exchange.Receive(Answer(1, version: 1));
        var error = await Assert.ThrowsAsync<TrainingException>(() => sampling);
        Assert.Equal("rollouts_missing", error.Code);
        Assert.Contains("2 of 3 prompt groups", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SampleAsync_MoreGroupsThanTheWindow_AsksForTheNextWhenOneIsAnswered()
    {
        var exchange = Exchange(new TrainingOptions { GroupsInFlight = 2 });
        var sampling = SampleAsync(exchange, 4);
        await AskedAsync(group: 1, times: 1);
        Assert.Equal([0, 1], Asked().Select(id => id.Group).Order());
        exchange.Receive(Answer(1, version: 1));
        await AskedAsync(group: 2, times: 1);
        Assert.DoesNotContain(Asked(), id => id.Group == 3);
        foreach (var group in new[] { 0, 2, 3 })
        {
            exchange.Receive(Answer(group, version: 1));
        }
        Assert.Equal(4, (await sampling).Length);
    }

    [Fact]
    public async Task SampleAsync_GraderAway_NeitherAsksNorFailsUntilItIsBack()
    {
        var exchange = Exchange(new TrainingOptions { GroupDeadline = TimeSpan.FromMilliseconds(20), StepDeadline = TimeSpan.FromSeconds(2) });
        _pauses.Pause(new GradingPaused("job-1", "http://localhost:9", "refused"));
        var sampling = SampleAsync(exchange, 1);
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        Assert.Empty(Asked());
        Assert.False(sampling.IsCompleted);

        _pauses.Resume(new GradingResumed("job-1", "http://localhost:9"));
        await AskedAsync(group: 0, times: 1);
        exchange.Receive(Answer(0, version: 3));

        Assert.Equal(3, (await sampling)[0].WeightsVersion);
        Assert.InRange(exchange.Paused("job-1"), TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task SampleAsync_GraderAwayBeyondTheLimit_FailsWithTheFirstCause()
    {
        var exchange = Exchange(new TrainingOptions { PauseLimit = TimeSpan.FromMilliseconds(100) });
        _pauses.Pause(new GradingPaused("job-1", "http://localhost:9", "refused"));
        _pauses.Pause(new GradingPaused("job-1", "http://localhost:9", "another cause"));

        var error = await Assert.ThrowsAsync<TrainingException>(() => SampleAsync(exchange, 2));

        Assert.Equal("grader_unavailable", error.Code);
        Assert.Contains("http://localhost:9", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("first cause: refused", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Consume_NewsOfPauses_ReachesTheExchange()
    {
        var pauses = _service.Get<GradingPauses>();
        await _service.Harness.Bus.Publish(new GradingPaused("job-1", "http://localhost:9", "refused"));
        Assert.True(await _service.Harness.Consumed.Any<GradingPaused>());
        Assert.Equal("refused", pauses.Current("job-1")?.Cause);

        await _service.Harness.Bus.Publish(new GradingResumed("job-1", "http://localhost:9"));
        Assert.True(await _service.Harness.Consumed.Any<GradingResumed>());
        Assert.Null(pauses.Current("job-1"));
    }

    [Fact]
    public async Task SampleAsync_Cancelled_StopsWaiting()
    {
        using var cancellation = new CancellationTokenSource();
        var sampling = Exchange(new TrainingOptions()).SampleAsync([Command(0)], cancellation.Token);
        await AskedAsync(group: 0, times: 1);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sampling);
    }

    [Fact]
    public async Task SampleAsync_BrokerAway_AsksAgainOnceItIsBack()
    {
        var bus = DispatchProxy.Create<IBus, AwayBus>();
        var exchange = new RolloutExchange(bus, _pauses, Options.Create(new TrainingOptions { GroupDeadline = TimeSpan.FromMilliseconds(10) }), NullLogger<RolloutExchange>.Instance);
        ((AwayBus)(object)bus).Arrived = group => exchange.Receive(Answer(group, version: 1));
        Assert.Equal([0, 1], (await SampleAsync(exchange, 2)).Select(answer => answer.Id.Group));
    }

    private RolloutExchange Exchange(TrainingOptions options) => new(_service.Harness.Bus, _pauses, Options.Create(options), NullLogger<RolloutExchange>.Instance);

    private static Task<PromptGroupGraded[]> SampleAsync(RolloutExchange exchange, int groups) =>
        exchange.SampleAsync([.. Enumerable.Range(0, groups).Select(Command)], CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));

    private async Task AskedAsync(int group, int times)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await foreach (var command in _service.Harness.Published.SelectAsync<SamplePromptGroup>(patience.Token))
        {
            if (command.Context.Message.Id.Group == group && --times == 0) return;
        }
        throw new TimeoutException($"group {group} was not asked for {times} more times");
    }

    private List<GroupId> Asked() => [.. _service.Harness.Published.Select<SamplePromptGroup>(new CancellationToken(canceled: true)).Select(command => command.Context.Message.Id)];

    private static GroupId Id(int group) => new("job-1", 1, GroupPurpose.Train, group, group);

    private static PromptGroupGraded Answer(int group, int version) => new() { Id = Id(group), WeightsVersion = version, PromptTokens = [1], Rollouts = [] };

    private static SamplePromptGroup Command(int group) => new()
    {
        Id = Id(group),
        Weights = new WeightsReference(0, "base", "digest"),
        PromptTokens = [1],
        GroupSize = 1,
        Sampling = new SamplingParameters { MaxCompletionTokens = 1 },
        Seed = 1,
    };

    /// <summary>Four publishes run into their deadline, the rest arrive.</summary>
    public class AwayBus : DispatchProxy
    {
        private int _lost;

        public Action<int>? Arrived { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (_lost++ < 4) return Task.FromException(new TaskCanceledException());
            Arrived!(((SamplePromptGroup)args![0]!).Id.Group);
            return Task.CompletedTask;
        }
    }
}
