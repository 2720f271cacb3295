using RftAspire.Contracts;
using RftAspire.Services.Tests.Cli;
using RftAspire.Training;

namespace RftAspire.Services.Tests.Training;

public sealed class TrainingBacklogTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly ArtifactStore _artifacts;
    private readonly TrainingBacklog _backlog;

    public TrainingBacklogTests()
    {
        _artifacts = new ArtifactStore(_folder.Path, _folder.Path);
        _backlog = new TrainingBacklog(_artifacts);
        WriteSpec("job-b", minute: 1);
        WriteSpec("job-a", minute: 2);
        WriteSpec("job-c", minute: 2);
    }

    public void Dispose()
    {
        _backlog.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task NextAsync_SeveralJobs_OldestFirstThenById()
    {
        foreach (var jobId in new[] { "job-c", "job-a", "job-b" }) _backlog.Start(jobId);
        foreach (var jobId in new[] { "job-b", "job-a", "job-c" })
        {
            Assert.Equal(jobId, await NextAsync(_backlog));
            Assert.Equal(jobId, await NextAsync(_backlog));
            _backlog.End(jobId, new TrainingOutcome("succeeded"));
        }
        Assert.False(_backlog.NextAsync(new CancellationToken(canceled: true)).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task NextAsync_NothingToDo_WaitsForAStart()
    {
        var next = NextAsync(_backlog);
        Assert.False(next.IsCompleted);
        _backlog.Start("job-a");
        Assert.Equal("job-a", await next);
    }

    [Fact]
    public async Task Start_TwiceOrAfterTheEnd_RunsOnce()
    {
        _backlog.Start("job-a");
        _backlog.Start("job-a");
        _backlog.End("job-a", new TrainingOutcome("failed", "code", "message"));
        _backlog.Start("job-a");
        _backlog.Start("job-c");
        Assert.Equal("job-c", await NextAsync(_backlog));
        Assert.Equal(new TrainingOutcome("failed", "code", "message"), _backlog.Outcome("job-a"));
    }

    [Fact]
    public async Task NewInstance_SameFolder_KnowsEverything()
    {
        _backlog.Start("job-b");
        _backlog.Start("job-c");
        _backlog.Cancel("job-c");
        _backlog.End("job-b", new TrainingOutcome("succeeded", ModelName: "tuned", WeightsDigest: "abc"));

        using var later = new TrainingBacklog(_artifacts);

        Assert.Equal("job-c", await NextAsync(later));
        Assert.Equal((true, false), (later.IsCancelled("job-c"), later.IsCancelled("job-b")));
        Assert.Equal(("tuned", "abc"), (later.Outcome("job-b")!.ModelName, later.Outcome("job-b")!.WeightsDigest));
        Assert.Null(later.Outcome("job-c"));
    }

    [Fact]
    public void Cancel_RunningJob_CancelsItsTurnOnly()
    {
        using var first = Take("job-a");
        using var second = Take("job-b");
        _backlog.Cancel("job-a");
        _backlog.Cancel("job-a");
        Assert.Equal((true, false), (first.Cancellation.IsCancellationRequested, second.Cancellation.IsCancellationRequested));
    }

    [Fact]
    public void Take_JobCancelledBefore_IsCancelledAtOnce()
    {
        _backlog.Cancel("job-a");
        using var turn = _backlog.Take("job-a", CancellationToken.None)!;
        Assert.True(turn.Cancellation.IsCancellationRequested);
    }

    [Fact]
    public void Take_StoppingProcess_IsNotACancelledJob()
    {
        using var stopping = new CancellationTokenSource();
        using var turn = Take("job-a", stopping: stopping.Token);
        stopping.Cancel();
        Assert.True(turn.Cancellation.IsCancellationRequested);
        Assert.False(_backlog.IsCancelled("job-a"));
    }

    [Fact]
    public void Pause_RunningRound_EndsWithTheTurnAndBeginsAgainWithTheNextRound()
    {
        using (var turn = Take("job-a"))
        {
            Assert.False(_backlog.IsPausing("job-a", turn.Round));
            Assert.False(_backlog.Pause("job-a", 1));
            Assert.True(_backlog.IsPausing("job-a", turn.Round));
        }
        Assert.Null(_backlog.Take("job-a", CancellationToken.None));
        Assert.True(_backlog.Pause("job-a", 1));
        using var next = Take("job-a", round: 2);
        Assert.Equal((2, false), (next.Round, _backlog.IsPausing("job-a", 2)));
    }

    /// <summary>Commands come through two queues, late and twice.</summary>
    [Theory]
    [InlineData("S1 P1", false)]
    [InlineData("P1 S1", false)]
    [InlineData("P1 S1 S1 P1", false)]
    [InlineData("S1 P1 S2", true)]
    [InlineData("S2 P1 S1 P1", true)]
    [InlineData("S2 P2 P1 S1", false)]
    public void StartAndPause_AnyOrder_TheGreatestRoundsCount(string commands, bool runs)
    {
        foreach (var command in commands.Split(' '))
        {
            if (command[0] == 'S') _backlog.Start("job-a", command[1] - '0');
            else Assert.True(_backlog.Pause("job-a", command[1] - '0'));
        }
        using var turn = _backlog.Take("job-a", CancellationToken.None);
        Assert.Equal(runs, turn is not null);
    }

    [Fact]
    public async Task Cancel_PausedJob_GetsATurnToEndIn()
    {
        _backlog.Start("job-a");
        _backlog.Pause("job-a", 1);
        _backlog.Cancel("job-a");
        Assert.Equal("job-a", await NextAsync(_backlog));
    }

    [Fact]
    public async Task Start_JobWhoseSpecIsNotThere_WaitsForIt()
    {
        _backlog.Start("job-d");
        _backlog.Start("job-a");
        Assert.Equal("job-a", await NextAsync(_backlog));
        WriteSpec("job-d", minute: 0);
        Assert.Equal("job-d", await NextAsync(_backlog));
    }

    private TrainingTurn Take(string jobId, int round = 1, CancellationToken stopping = default)
    {
        _backlog.Start(jobId, round);
        return _backlog.Take(jobId, stopping)!;
    }

    private static Task<string> NextAsync(TrainingBacklog backlog) => backlog.NextAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));

    private void WriteSpec(string jobId, int minute) =>
        ArtifactStore.WriteJson(_artifacts.JobSpecFile(jobId), ServiceUnderTest<TrainingLoop>.Spec(jobId, "{}") with { CreatedAt = DateTimeOffset.UnixEpoch.AddMinutes(minute) });
}
