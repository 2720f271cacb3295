using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;
using StepTrained = RftAspire.Contracts.Messages.StepTrained;

namespace RftAspire.Services.Tests.Jobs;

public sealed class JobQueryTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task ListJobs_WithMetadata_PagesThroughTheMatchesAlone()
    {
        var tag = Guid.NewGuid().ToString("N");
        var wanted = new List<string>();
        for (var i = 0; i < 9; i++)
        {
            var id = await CreateAsync(i % 3 == 2 ? [] : new() { ["tag"] = tag, ["even"] = i % 2 == 0 ? "" : "no" });
            if (i % 3 != 2 && i % 2 == 0) wanted.Insert(0, id);
        }

        var seen = new List<string>();
        var more = true;
        while (more)
        {
            var page = await service.Client.ListJobsAsync(new ListJobsRequest { PageSize = 1, After = seen.LastOrDefault(""), Metadata = { ["tag"] = tag, ["even"] = "" } });
            Assert.Single(page.Jobs);
            seen.AddRange(page.Jobs.Select(job => job.Id));
            more = page.HasMore;
        }

        Assert.Equal(wanted, seen);
        Assert.Empty((await service.Client.ListJobsAsync(new ListJobsRequest { Metadata = { ["tag"] = tag, ["other"] = "" } })).Jobs);
    }

    [RedisFact]
    public async Task ListJobs_WithoutMetadata_LeavesOutThoseThatHaveSome()
    {
        var (bare, tagged) = (await CreateAsync([]), await CreateAsync(new() { ["a"] = "b" }));

        var ids = (await service.Client.ListJobsAsync(new ListJobsRequest { PageSize = 100, WithoutMetadata = true })).Jobs.Select(job => job.Id).ToList();

        Assert.Contains(bare, ids);
        Assert.DoesNotContain(tagged, ids);
        var both = new ListJobsRequest { WithoutMetadata = true, Metadata = { ["a"] = "b" } };
        Assert.Equal(["without_metadata"], Fields(await FailsAsync(async () => await service.Client.ListJobsAsync(both), StatusCode.InvalidArgument)));
    }

    [RedisFact]
    public async Task ListEvents_Pages_NewestFirstToTheFirst()
    {
        var id = await CreateAsync([]);
        for (var step = 1; step <= 4; step++) await service.PublishAsync(new StepTrained(id, step, 9, []));
        await UntilAsync(id, job => job.Step == 4);

        var first = await service.Client.ListEventsAsync(new ListEventsRequest { JobId = id, PageSize = 3 });
        var second = await service.Client.ListEventsAsync(new ListEventsRequest { JobId = id, PageSize = 3, BeforeSequence = first.Events[^1].Sequence });

        Assert.Equal([5, 4, 3], first.Events.Select(happened => happened.Sequence));
        Assert.Equal([2, 1], second.Events.Select(happened => happened.Sequence));
        Assert.Equal((true, false), (first.HasMore, second.HasMore));
        Assert.Equal(4, first.Events[0].StepTrained.Step);
        Assert.Equal(5, (await service.Client.ListEventsAsync(new ListEventsRequest { JobId = id })).Events.Count);
        Assert.Empty((await service.Client.ListEventsAsync(new ListEventsRequest { JobId = id, BeforeSequence = 1 })).Events);
    }

    [RedisFact]
    public async Task ListCheckpoints_Pages_NewestFirstAlsoAfterOneThatIsGone()
    {
        var id = await CreateAsync([]);
        await service.PublishAsync(new CheckpointsKept(id, 1, Kept(5, 10, 20, 30)));
        var all = (await UntilAsync(id, found => found.Count == 4)).ToList();
        var first = await service.Client.ListCheckpointsAsync(new ListCheckpointsRequest { JobId = id, PageSize = 2 });
        await service.PublishAsync(new CheckpointsKept(id, 2, Kept(5, 10, 30)));
        await UntilAsync(id, found => found.Count == 3);

        var second = await service.Client.ListCheckpointsAsync(new ListCheckpointsRequest { JobId = id, PageSize = 2, After = first.Checkpoints[^1].Id });

        Assert.Equal([30, 20], first.Checkpoints.Select(checkpoint => checkpoint.Step));
        Assert.Equal([10, 5], second.Checkpoints.Select(checkpoint => checkpoint.Step));
        Assert.Equal((true, false), (first.HasMore, second.HasMore));
        Assert.Equal(4, all.Select(checkpoint => checkpoint.Id).Distinct().Count());
        Assert.StartsWith("ftckpt_", all[0].Id, StringComparison.Ordinal);
        Assert.Equal((id, "model-30", "digest-30", 0.5), (all[0].JobId, all[0].Model, all[0].WeightsDigest, all[0].Metrics["reward/mean"]));
        var other = new ListCheckpointsRequest { JobId = id, After = "ftckpt_x-5" };
        Assert.Equal(["after"], Fields(await FailsAsync(async () => await service.Client.ListCheckpointsAsync(other), StatusCode.InvalidArgument)));
    }

    [RedisFact]
    public async Task Queries_UnknownJobOrPageOutOfRange_AreRefused()
    {
        var id = await CreateAsync([]);
        await FailsAsync(async () => await service.Client.ListEventsAsync(new ListEventsRequest { JobId = "ftjob-none" }), StatusCode.NotFound);
        await FailsAsync(async () => await service.Client.ListCheckpointsAsync(new ListCheckpointsRequest { JobId = "ftjob-none" }), StatusCode.NotFound);
        await FailsAsync(async () => await service.Client.ListRolloutsAsync(new ListRolloutsRequest { JobId = "ftjob-none" }), StatusCode.NotFound);
        await FailsAsync(async () => await service.Client.ListEventsAsync(new ListEventsRequest { JobId = id, PageSize = 1001 }), StatusCode.InvalidArgument);
        await FailsAsync(async () => await service.Client.ListEventsAsync(new ListEventsRequest { JobId = id, BeforeSequence = -1 }), StatusCode.InvalidArgument);
        await FailsAsync(async () => await service.Client.ListCheckpointsAsync(new ListCheckpointsRequest { JobId = id, PageSize = -1 }), StatusCode.InvalidArgument);
    }

    private static KeptCheckpoint[] Kept(params int[] steps) => [.. steps.Select(step => new KeptCheckpoint(step, $"model-{step}", $"digest-{step}", new() { ["reward/mean"] = 0.5 }, DateTimeOffset.UnixEpoch))];

    private async Task<string> CreateAsync(Dictionary<string, string> metadata)
    {
        var request = await service.RequestAsync();
        request.Metadata.Add(metadata);
        return (await service.Client.CreateJobAsync(request)).Id;
    }

    private async Task UntilAsync(string id, Predicate<Job> holds) =>
        await JobsUnderTest.UntilAsync(async () => holds(await service.Client.GetJobAsync(new GetJobRequest { JobId = id })));

    private async Task<IReadOnlyList<Checkpoint>> UntilAsync(string id, Predicate<IReadOnlyList<Checkpoint>> holds)
    {
        IReadOnlyList<Checkpoint> found = [];
        await JobsUnderTest.UntilAsync(async () => holds(found = (await service.Client.ListCheckpointsAsync(new ListCheckpointsRequest { JobId = id })).Checkpoints));
        return found;
    }
}
