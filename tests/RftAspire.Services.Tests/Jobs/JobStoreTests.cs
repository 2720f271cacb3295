using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs;
using RftAspire.Jobs.State;
using StackExchange.Redis;
using Hyperparameters = RftAspire.Contracts.Hyperparameters;

namespace RftAspire.Services.Tests.Jobs;

public sealed class JobStoreTests(RedisServer redis) : IClassFixture<RedisServer>
{
    [RedisFact]
    public async Task Create_NewJob_IsValidatingWithItsFirstEvent()
    {
        var store = Store();
        var spec = await CreateAsync(store);

        var job = await store.FindAsync(spec.JobId);
        var happened = Assert.Single(await store.EventsAsync(spec.JobId, 0, 10));

        Assert.Equivalent(spec, job!.Spec, strict: true);
        Assert.Equal((JobState.Validating, 1L, spec.Hyperparameters.Steps), (job.State, job.Revision, job.TotalSteps));
        Assert.Equal((1L, JobState.Validating), (happened.Sequence, happened.StateChanged.State));
        Assert.Contains(await store.ActiveAsync(), active => active.Spec.JobId == spec.JobId);
        Assert.Equal(spec.JobId, (await store.FindByModelAsync(spec.TunedModelName))?.Spec.JobId);
    }

    [RedisFact]
    public async Task Create_KnownIdempotencyKey_WritesNothingAndNamesTheFirst()
    {
        var store = Store();
        var (first, second) = (Spec(), Spec());

        Assert.Null(await store.CreateAsync(first, "digest", first.JobId));
        Assert.Equal(new KnownRequest(first.JobId, "digest"), await store.CreateAsync(second, "other", first.JobId));
        Assert.Null(await store.FindAsync(second.JobId));
    }

    [RedisFact]
    public async Task Apply_WholeLife_FoldsIntoTheRecord()
    {
        var store = Store();
        var id = (await CreateAsync(store)).JobId;
        JobChange[] life =
        [
            new JobChange.Move(JobTrigger.InputsAccepted),
            new JobChange.Move(JobTrigger.TrainingStarted) { TotalSteps = 2 },
            new JobChange.Evaluated(0, new Dictionary<string, double> { ["reward/greedy"] = 0.4 }),
            new JobChange.Trained(1, 2, new Dictionary<string, double> { ["reward/mean"] = 0.5, ["kl/reference"] = double.NaN }),
            new JobChange.Trained(2, 2, new Dictionary<string, double>()),
            new JobChange.Note("n", "a note"),
            new JobChange.Move(JobTrigger.JobSucceeded) { TunedModel = "m-tuned", WeightsDigest = "abc" },
        ];

        foreach (var change in life) await store.ApplyAsync(id, change);

        var job = (await store.FindAsync(id))!;
        Assert.Equal((JobState.Succeeded, 8L, 2, 2), (job.State, job.Revision, job.Step, job.TotalSteps));
        Assert.Equal(("m-tuned", "abc"), (job.TunedModel, job.WeightsDigest));
        Assert.True(job.Spec.CreatedAt <= job.StartedAt && job.StartedAt <= job.FinishedAt);
        var events = await store.EventsAsync(id, 0, 100);
        Assert.Equal(Enumerable.Range(1, 8).Select(n => (long)n), events.Select(happened => happened.Sequence));
        Assert.Equal(double.NaN, events[4].StepTrained.Metrics["kl/reference"]);
        Assert.DoesNotContain(await store.ActiveAsync(), active => active.Spec.JobId == id);
    }

    [RedisFact]
    public async Task Apply_SameFactAgain_ChangesNothing()
    {
        var store = Store();
        var id = (await CreateAsync(store)).JobId;
        JobChange[] facts =
        [
            new JobChange.Move(JobTrigger.TrainingStarted),
            new JobChange.Trained(1, 2, new Dictionary<string, double> { ["a"] = 1 }),
            new JobChange.Evaluated(0, new Dictionary<string, double>()),
            new JobChange.Note("k", "m"),
            new JobChange.Kept(1, [new KeptCheckpoint(1, "m:ckpt-step-1", "abc", new() { ["a"] = 1 }, DateTimeOffset.UnixEpoch)]),
        ];
        foreach (var fact in facts) await store.ApplyAsync(id, fact);
        var before = await store.FindAsync(id);

        foreach (var fact in facts) await store.ApplyAsync(id, fact);

        Assert.Equivalent(before, await store.FindAsync(id), strict: true);
        Assert.Equal(6, (await store.EventsAsync(id, 0, 100)).Length);
    }

    [RedisFact]
    public async Task Apply_StepAfterTheEnd_IsRecordedAndKeepsTheState()
    {
        var store = Store();
        var id = (await CreateAsync(store)).JobId;
        await store.ApplyAsync(id, new JobChange.Move(JobTrigger.JobFailed) { Error = new JobError { Code = "c", Message = "m" } });

        var job = await store.ApplyAsync(id, new JobChange.Trained(7, 9, new Dictionary<string, double>()));

        Assert.Equal((JobState.Failed, 7, "m"), (job!.State, job.Step, job.Error!.Message));
        Assert.Equal(7, (await store.EventsAsync(id, 2, 10)).Single().StepTrained.Step);
        Assert.DoesNotContain(await store.ActiveAsync(), active => active.Spec.JobId == id);
    }

    [RedisFact]
    public async Task Apply_UnknownOrMalformedId_IsNull()
    {
        foreach (var id in new[] { "ftjob-none", "", "../x", "a b" })
            Assert.Null(await Store().ApplyAsync(id, new JobChange.Move(JobTrigger.JobFailed)));
    }

    [RedisFact]
    public async Task Apply_ConcurrentWriters_EachFactOnceWithoutGaps()
    {
        JobStore[] writers = [Store(), Store(), Store()];
        var id = (await CreateAsync(writers[0])).JobId;

        await Task.WhenAll(writers.Select(async writer =>
        {
            for (var step = 1; step <= 20; step++)
                await writer.ApplyAsync(id, new JobChange.Trained(step, 20, new Dictionary<string, double>()));
        }));

        var events = await writers[0].EventsAsync(id, 1, 100);
        Assert.Equal(Enumerable.Range(2, 20).Select(n => (long)n), events.Select(happened => happened.Sequence));
        Assert.Equal(Enumerable.Range(1, 20), events.Select(happened => happened.StepTrained.Step).Order());
        Assert.Equal(20, (await writers[0].FindAsync(id))!.Step);
    }

    [RedisFact]
    public async Task List_Pages_NewestFirstWithoutOverlap()
    {
        var store = Store();
        var old = DateTimeOffset.UnixEpoch.AddYears(100);
        var ids = new List<string>();
        for (var i = 0; i < 5; i++) ids.Add((await CreateAsync(store, Spec() with { CreatedAt = old.AddSeconds(i) })).JobId);
        ids.Reverse();

        var first = await store.ListAsync("default", "", 2);
        var second = await store.ListAsync("default", first![^1].Spec.JobId, 3);

        Assert.Equal(ids, first.Concat(second!).Select(job => job.Spec.JobId));
        Assert.Null(await store.ListAsync("default", "ftjob-none", 2));
    }

    internal static JobSpec Spec()
    {
        var id = Ids.NewJob();
        return new JobSpec
        {
            JobId = id,
            Model = "base",
            TunedModelName = Ids.TunedModel("base", "default", "", id),
            TrainingDatasetId = "file-1",
            GraderJson = """{"type":"x"}""",
            Hyperparameters = new Hyperparameters { Steps = 3 },
            Seed = 5,
            CreatedAt = DateTimeOffset.UtcNow,
        };
    }

    internal static async Task<JobSpec> CreateAsync(JobStore store, JobSpec? spec = null)
    {
        spec ??= Spec();
        Assert.Null(await store.CreateAsync(spec, "", ""));
        return spec;
    }

    private JobStore Store() => new(redis.Connect(), new JobSignal(), TimeProvider.System);
}

public sealed class JobStoreOutageTests
{
    [RedisFact]
    public async Task Kill_RedisInMidWork_KeepsWhatWasAcknowledged()
    {
        var redis = new RedisServer();
        try
        {
            await redis.StartAsync();
            var client = redis.Connect();
            var store = new JobStore(client, new JobSignal(), TimeProvider.System);
            var id = (await JobStoreTests.CreateAsync(store)).JobId;
            for (var step = 1; step <= 5; step++)
                await store.ApplyAsync(id, new JobChange.Trained(step, 9, new Dictionary<string, double>()));

            redis.Kill();
            var error = await Record.ExceptionAsync(() => store.FindAsync(id));
            Assert.True(error is RedisConnectionException or TimeoutException, $"{error}");
            await redis.StartAsync();
            await RedisServer.UntilAnsweredAsync(client);

            Assert.Equal(5, (await store.FindAsync(id))!.Step);
            Assert.Equal(6, (await store.EventsAsync(id, 0, 100)).Length);
            Assert.Equal(6, (await store.ApplyAsync(id, new JobChange.Trained(6, 9, new Dictionary<string, double>())))!.Step);
        }
        finally
        {
            await redis.DisposeAsync();
        }
    }
}
