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
    public void Cancel_RunningJob_CancelsItsTokenOnly()
    {
        using var first = _backlog.Run("job-a", CancellationToken.None);
        using var second = _backlog.Run("job-b", CancellationToken.None);
        _backlog.Cancel("job-a");
        _backlog.Cancel("job-a");
        Assert.Equal((true, false), (first.IsCancellationRequested, second.IsCancellationRequested));
    }

    [Fact]
    public void Run_JobCancelledBefore_IsCancelledAtOnce()
    {
        _backlog.Cancel("job-a");
        using var source = _backlog.Run("job-a", CancellationToken.None);
        Assert.True(source.IsCancellationRequested);
    }

    [Fact]
    public void Run_StoppingProcess_IsNotACancelledJob()
    {
        using var stopping = new CancellationTokenSource();
        using var source = _backlog.Run("job-a", stopping.Token);
        stopping.Cancel();
        Assert.True(source.IsCancellationRequested);
        Assert.False(_backlog.IsCancelled("job-a"));
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

    private static Task<string> NextAsync(TrainingBacklog backlog) => backlog.NextAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));

    private void WriteSpec(string jobId, int minute) =>
        ArtifactStore.WriteJson(_artifacts.JobSpecFile(jobId), ServiceUnderTest<TrainingLoop>.Spec(jobId, "{}") with { CreatedAt = DateTimeOffset.UnixEpoch.AddMinutes(minute) });
}
