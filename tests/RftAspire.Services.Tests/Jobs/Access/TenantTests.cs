using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Services.Tests.Jobs.Access;

/// <summary>Nobody can tell another tenant's things from things that never were.</summary>
public sealed class TenantTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private const string NoJob = "ftjob-000000000000000000000000";

    public static TheoryData<string> Calls => [.. s_calls.Keys];

    private static readonly Dictionary<string, Func<JobService.JobServiceClient, string, Task>> s_calls = new()
    {
        ["GetJob"] = async (jobs, id) => await jobs.GetJobAsync(new() { JobId = id }),
        ["CancelJob"] = async (jobs, id) => await jobs.CancelJobAsync(new() { JobId = id }),
        ["PauseJob"] = async (jobs, id) => await jobs.PauseJobAsync(new() { JobId = id }),
        ["ResumeJob"] = async (jobs, id) => await jobs.ResumeJobAsync(new() { JobId = id }),
        ["ListEvents"] = async (jobs, id) => await jobs.ListEventsAsync(new() { JobId = id }),
        ["ListCheckpoints"] = async (jobs, id) => await jobs.ListCheckpointsAsync(new() { JobId = id }),
        ["ListRollouts"] = async (jobs, id) => await jobs.ListRolloutsAsync(new() { JobId = id }),
        ["GetLineage"] = async (jobs, id) =>
        {
            using var call = jobs.GetLineage(new() { JobId = id });
            await call.ResponseStream.MoveNext(default);
        },
        ["WatchJob"] = async (jobs, id) =>
        {
            using var call = jobs.WatchJob(new() { JobId = id, Snapshot = true });
            await call.ResponseStream.MoveNext(default);
        },
    };

    [RedisTheory, MemberData(nameof(Calls))]
    public async Task Call_ForeignJob_IsAnUnknownJob(string name)
    {
        var job = await service.Client.CreateJobAsync(await service.RequestAsync());
        using var channel = await service.ChannelOfAsync("stranger");
        var stranger = new JobService.JobServiceClient(channel);

        var foreign = await Assert.ThrowsAsync<RpcException>(() => s_calls[name](stranger, job.Id));
        var unknown = await Assert.ThrowsAsync<RpcException>(() => s_calls[name](stranger, NoJob));

        Assert.Equal(unknown.StatusCode, foreign.StatusCode);
        Assert.Equal(unknown.Status.Detail.Replace(NoJob, job.Id, StringComparison.Ordinal), foreign.Status.Detail);
        Assert.Empty((await stranger.ListJobsAsync(new())).Jobs);
    }

    [RedisFact]
    public async Task ListJobs_AfterAForeignJob_IsAsAfterAnUnknownOne()
    {
        var job = await service.Client.CreateJobAsync(await service.RequestAsync());
        using var channel = await service.ChannelOfAsync("stranger");
        var stranger = new JobService.JobServiceClient(channel);

        var foreign = await Assert.ThrowsAsync<RpcException>(async () => await stranger.ListJobsAsync(new() { After = job.Id }));
        var unknown = await Assert.ThrowsAsync<RpcException>(async () => await stranger.ListJobsAsync(new() { After = NoJob }));

        Assert.Equal(unknown.Status.Detail.Replace(NoJob, job.Id, StringComparison.Ordinal), foreign.Status.Detail);
    }

    [RedisFact]
    public async Task CreateJob_KeyOfAnotherTenantsRequest_MakesAJobOfItsOwn()
    {
        var request = await service.RequestAsync();
        request.IdempotencyKey = "same";
        var ours = await service.Client.CreateJobAsync(request);
        using var channel = await service.ChannelOfAsync("stranger");

        string? theirs = null;
        try
        {
            theirs = (await new JobService.JobServiceClient(channel).CreateJobAsync(request)).Id;
        }
        catch (RpcException error)
        {
            // The dataset is not the stranger's.
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        }
        Assert.NotEqual(ours.Id, theirs);
    }
}
