using Grpc.Core;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.State;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;
using Messages = RftAspire.Contracts.Messages;

namespace RftAspire.Services.Tests.Jobs;

public sealed class JobLifeTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    [RedisFact]
    public async Task Watch_WholeLife_StreamsEachEventOnceInOrderAndEnds()
    {
        var id = await CreateAsync();
        using var call = Watch(id);
        object[] messages =
        [
            new DatasetsIngested(id, 3, 1, [new Messages.DatasetFinding(2, "odd", "is odd")]),
            new GraderAccepted(id, [new Messages.CanaryScore("empty", "f1", 0.25, 1), new Messages.CanaryScore("colon", "f1", null, 4)]),
            new TrainingStarted(id, 2),
            new Messages.EvalCompleted(id, 0, new() { ["reward/greedy"] = 0.25 }),
            new Messages.StepTrained(id, 1, 2, new() { ["reward/mean"] = 0.5 }),
            new Messages.StepTrained(id, 1, 2, new() { ["reward/mean"] = 0.5 }),
            new Messages.StepTrained(id, 2, 2, []),
            new TrainingStarted(id, 2),
            new JobSucceeded(id, "base-tuned", "beef"),
        ];

        foreach (var message in messages) await service.PublishAsync(message);
        var events = await ReadAsync(call);

        Assert.Equal(
            ["Validating", "note", "canaries", "Queued", "Running", "eval 0", "step 1", "step 2", "Succeeded"],
            events.Select(Describe));
        Assert.Equal(Enumerable.Range(1, 9).Select(n => (long)n), events.Select(happened => happened.Sequence));
        Assert.Equal(0.5, events[6].StepTrained.Metrics["reward/mean"]);
        Assert.Equal([(0.25, 1), (0, 4)], events[2].GraderChecked.Canaries.Select(score => (score.Reward, score.Ungraded)));
        Assert.False(events[2].GraderChecked.Canaries[1].HasReward);
        Assert.True(await service.Harness.Published.Any<CheckGrader>(sent => sent.Context.Message.JobId == id));
        Assert.True(await service.Harness.Published.Any<StartTraining>(sent => sent.Context.Message.JobId == id));
        var job = await GetAsync(id);
        Assert.Equal((JobState.Succeeded, "base-tuned", "beef", 2), (job.State, job.TunedModel, job.WeightsDigest, job.Step));
        using var replay = Watch(id, after: 5);
        Assert.Equal(events[5..], await ReadAsync(replay));
    }

    [RedisFact]
    public async Task Watch_Snapshot_EndsWithTheRecordedEvents()
    {
        var id = await CreateAsync();
        using var call = Watch(id, snapshot: true);

        Assert.Equal(["Validating"], (await ReadAsync(call)).Select(Describe));
    }

    [RedisFact]
    public async Task Watch_NewEvent_ArrivesAtOnceAndClientMayLeave()
    {
        var id = await CreateAsync();
        using var leaving = new CancellationTokenSource(s_deadline);
        using var call = Watch(id, after: 1, cancellation: leaving.Token);

        await service.PublishAsync(new Messages.StepTrained(id, 1, 2, []));
        Assert.True(await call.ResponseStream.MoveNext(leaving.Token));
        Assert.Equal("step 1", Describe(call.ResponseStream.Current));
        await leaving.CancelAsync();

        await FailsAsync(async () => await call.ResponseStream.MoveNext(CancellationToken.None), StatusCode.Cancelled);
    }

    [RedisFact]
    public async Task DatasetsRejected_Validating_FailsWithTheFirstFindings()
    {
        var id = await CreateAsync();
        using var call = Watch(id);

        await service.PublishAsync(new DatasetsRejected(id, [new Messages.DatasetFinding(4, "x", "no messages"), new Messages.DatasetFinding(null, "y", "too few")]));
        await ReadAsync(call);

        var error = (await GetAsync(id)).Error;
        Assert.Equal(("invalid_dataset", "line 4: no messages; too few"), (error.Code, error.Message));
    }

    [RedisFact]
    public async Task GraderRejected_Validating_FailsAndShowsTheCanaries()
    {
        var id = await CreateAsync();
        using var call = Watch(id);

        await service.PublishAsync(new GraderRejected(id, "gullible_grader", "grader 'q' rewards a worthless answer", [new Messages.CanaryScore("empty", "q", 1, 0)]));

        Assert.Equal(["Validating", "canaries", "Failed"], (await ReadAsync(call)).Select(Describe));
        var error = (await GetAsync(id)).Error;
        Assert.Equal(("gullible_grader", "grader 'q' rewards a worthless answer"), (error.Code, error.Message));
    }

    [RedisFact]
    public async Task Cancel_BeforeTraining_EndsWhenTrainingAnswersAndThenIsRefused()
    {
        var id = await CreateAsync();
        var cancel = new CancelJobRequest { JobId = id };

        Assert.Equal(JobState.Cancelling, (await service.Client.CancelJobAsync(cancel)).State);
        Assert.Equal(JobState.Cancelling, (await service.Client.CancelJobAsync(cancel)).State);
        Assert.True(await service.Harness.Published.Any<CancelTraining>(sent => sent.Context.Message.JobId == id));
        using var call = Watch(id);
        await service.PublishAsync(new DatasetsIngested(id, 1, 0, []));
        await service.PublishAsync(new GraderAccepted(id, []));
        await service.PublishAsync(new JobCancelled(id));

        Assert.Equal(["Validating", "Cancelling", "canaries", "Cancelled"], (await ReadAsync(call)).Select(Describe));
        Assert.DoesNotContain(service.Harness.Published.Select<CheckGrader>(), sent => sent.Context.Message.JobId == id);
        Assert.DoesNotContain(service.Harness.Published.Select<StartTraining>(), sent => sent.Context.Message.JobId == id);
        var error = await FailsAsync(async () => await service.Client.CancelJobAsync(cancel), StatusCode.FailedPrecondition);
        Assert.Contains("has ended in state Cancelled", error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Pause_RunningJob_IsPausedWhenTrainingSaysSoAndGoesOnInANewRound()
    {
        var id = await CreateAsync();
        await TellAsync(new GraderAccepted(id, []));
        await TellAsync(new TrainingStarted(id, 2));
        Assert.Equal(JobState.Pausing, (await PauseAsync(id)).State);
        Assert.Equal(JobState.Pausing, (await PauseAsync(id)).State);
        Assert.True(await service.Harness.Published.Any<PauseTraining>(sent => sent.Context.Message == new PauseTraining(id, 1)));
        Assert.Contains("finishing its step", (await FailsAsync(() => ResumeAsync(id), StatusCode.FailedPrecondition)).Status.Detail, StringComparison.Ordinal);

        await TellAsync(new Messages.StepTrained(id, 1, 2, []));
        await TellAsync(new JobPaused(id));
        Assert.Equal(JobState.Queued, (await ResumeAsync(id)).State);
        Assert.True(await service.Harness.Published.Any<StartTraining>(sent => sent.Context.Message == new StartTraining(id, 2)));
        // What was said before is delivered again, and does nothing.
        await TellAsync(new TrainingStarted(id, 2), new JobPaused(id), new Messages.StepTrained(id, 1, 2, []));
        Assert.Equal(JobState.Queued, (await GetAsync(id)).State);

        using var call = Watch(id);
        await TellAsync(new TrainingStarted(id, 2, Round: 2), new Messages.StepTrained(id, 2, 2, []), new JobSucceeded(id, "tuned", "beef"));
        Assert.Equal(
            ["Validating", "canaries", "Queued", "Running", "Pausing", "step 1", "Paused", "Queued", "Running", "step 2", "Succeeded"],
            (await ReadAsync(call)).Select(Describe));
        Assert.Contains("is in state Succeeded", (await FailsAsync(() => PauseAsync(id), StatusCode.FailedPrecondition)).Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Pause_ValidatingJob_IsPausedAtOnceAndValidationCounts()
    {
        var (early, late) = (await CreateAsync(), await CreateAsync());
        foreach (var id in new[] { early, late }) Assert.Equal(JobState.Paused, (await PauseAsync(id)).State);
        await TellAsync(new DatasetsIngested(early, 1, 0, []));
        await TellAsync(new GraderAccepted(late, []));

        Assert.Equal(JobState.Validating, (await ResumeAsync(early)).State);
        Assert.Equal(JobState.Queued, (await ResumeAsync(late)).State);

        Assert.DoesNotContain(service.Harness.Published.Select<CheckGrader>(), sent => sent.Context.Message.JobId == early);
        Assert.Equal(2, service.Harness.Published.Select<IngestDatasets>().Count(sent => sent.Context.Message.JobId == early));
        await FailsAsync(() => ResumeAsync(late), StatusCode.FailedPrecondition);
    }

    [RedisFact]
    public async Task Cancel_PausedJob_CancelsIt()
    {
        var id = await CreateAsync();
        await PauseAsync(id);

        Assert.Equal(JobState.Cancelling, (await service.Client.CancelJobAsync(new CancelJobRequest { JobId = id })).State);
        foreach (var call in new[] { () => PauseAsync(id), () => ResumeAsync(id) })
            Assert.Contains("is in state Cancelling", (await FailsAsync(call, StatusCode.FailedPrecondition)).Status.Detail, StringComparison.Ordinal);
        await TellAsync(new JobCancelled(id));
        Assert.Equal(JobState.Cancelled, (await GetAsync(id)).State);
    }

    [RedisFact]
    public async Task CheckpointsKept_AgainAndOutOfOrder_TheNewestSetCounts()
    {
        var id = await CreateAsync();
        KeptCheckpoint Checkpoint(int step) => new(step, $"ft:base:default::x:ckpt-step-{step}", "beef", new() { ["reward/greedy"] = 0.5 }, DateTimeOffset.UnixEpoch);
        await TellAsync(
            new CheckpointsKept(id, 1, [Checkpoint(2)]), new CheckpointsKept(id, 1, [Checkpoint(2)]),
            new CheckpointsKept(id, 3, [Checkpoint(4), Checkpoint(6)]), new CheckpointsKept(id, 2, [Checkpoint(2), Checkpoint(4)]));

        var job = (await service.Services.GetRequiredService<JobStore>().FindAsync(id))!;
        Assert.Equal([4, 6], job.Checkpoints.Select(checkpoint => checkpoint.Step));
        Assert.Equal(0.5, job.Checkpoints[1].Metrics["reward/greedy"]);
        using var call = Watch(id, snapshot: true);
        Assert.Equal(["Validating", "note", "note"], (await ReadAsync(call)).Select(Describe));
    }

    [RedisTheory]
    [InlineData("ftjob-none")]
    [InlineData("")]
    [InlineData("../../etc")]
    public async Task AnyCall_UnknownOrMalformedId_IsNotFoundWithOneText(string id)
    {
        using var watch = Watch(id);
        Func<Task>[] calls =
        [
            async () => await GetAsync(id),
            async () => await service.Client.CancelJobAsync(new CancelJobRequest { JobId = id }),
            () => PauseAsync(id),
            () => ResumeAsync(id),
            async () => await ReadAsync(watch),
        ];

        foreach (var call in calls)
            Assert.Equal($"there is no job '{id}'; list the jobs to see which exist", (await FailsAsync(call, StatusCode.NotFound)).Status.Detail);
    }

    [RedisFact]
    public async Task List_PageAndNext_ReachEachJobOnce()
    {
        var ids = new List<string>();
        for (var i = 0; i < 3; i++) ids.Add(await CreateAsync());

        var seen = new List<string>();
        for (var page = new ListJobsResponse { HasMore = true }; page.HasMore;)
        {
            page = await service.Client.ListJobsAsync(new ListJobsRequest { PageSize = 2, After = seen.LastOrDefault("") });
            seen.AddRange(page.Jobs.Select(job => job.Id));
        }

        Assert.Equal(seen.Distinct(), seen);
        Assert.Subset(seen.ToHashSet(), ids.ToHashSet());
        foreach (var request in new[] { new ListJobsRequest { PageSize = 101 }, new ListJobsRequest { PageSize = -1 }, new ListJobsRequest { After = "x" } })
            await FailsAsync(async () => await service.Client.ListJobsAsync(request), StatusCode.InvalidArgument);
    }

    private async Task<string> CreateAsync() => (await service.Client.CreateJobAsync(await service.RequestAsync())).Id;

    /// <summary>Publishes, and waits until Jobs has heard it: its queue is in order, and the last message is another job's.</summary>
    private async Task TellAsync(params object[] news)
    {
        var other = await CreateAsync();
        using var call = Watch(other, after: 1);
        foreach (var message in news) await service.PublishAsync(message);
        await service.PublishAsync(new Messages.StepTrained(other, 1, 2, []));
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
    }

    private async Task<Job> PauseAsync(string id) => await service.Client.PauseJobAsync(new PauseJobRequest { JobId = id });

    private async Task<Job> ResumeAsync(string id) => await service.Client.ResumeJobAsync(new ResumeJobRequest { JobId = id });

    private async Task<Job> GetAsync(string id) => await service.Client.GetJobAsync(new GetJobRequest { JobId = id });

    private AsyncServerStreamingCall<JobEvent> Watch(string id, long after = 0, bool snapshot = false, CancellationToken cancellation = default) =>
        service.Client.WatchJob(
            new WatchJobRequest { JobId = id, AfterSequence = after, Snapshot = snapshot },
            deadline: DateTime.UtcNow + s_deadline,
            cancellationToken: cancellation);

    private static async Task<List<JobEvent>> ReadAsync(AsyncServerStreamingCall<JobEvent> call)
    {
        var events = new List<JobEvent>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None)) events.Add(call.ResponseStream.Current);
        return events;
    }

    private static string Describe(JobEvent happened) => happened.EventCase switch
    {
        JobEvent.EventOneofCase.StateChanged => happened.StateChanged.State.ToString(),
        JobEvent.EventOneofCase.StepTrained => $"step {happened.StepTrained.Step}",
        JobEvent.EventOneofCase.GraderChecked => "canaries",
        JobEvent.EventOneofCase.EvalCompleted => $"eval {happened.EvalCompleted.Step}",
        _ => "note",
    };
}
