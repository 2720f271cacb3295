using System.Net;
using Google.Rpc;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;

namespace RftAspire.Services.Tests.Jobs.Access;

public sealed class LimitTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private KeyService.KeyServiceClient Keys => service.Keys();

    [RedisFact]
    public async Task SetLimits_SomeFields_KeepsTheOthers()
    {
        var before = await Keys.GetLimitsAsync(new() { Tenant = "some" });

        await Keys.SetLimitsAsync(new() { Limits = new() { Tenant = "some", ConcurrentJobs = 3 } });
        var after = await Keys.SetLimitsAsync(new() { Limits = new() { Tenant = "some", TotalBytes = 0 } });

        Assert.Equal((3, 0), (after.ConcurrentJobs, after.TotalBytes));
        Assert.True(after.HasTotalBytes);
        Assert.Equal((before.RequestsPerSecond, before.DatasetRows, before.FileBytes), (after.RequestsPerSecond, after.DatasetRows, after.FileBytes));
        Assert.Equal(after, await Keys.GetLimitsAsync(new() { Tenant = "some" }));
        Assert.Equal(before.ConcurrentJobs, (await Keys.GetLimitsAsync(new() { Tenant = "other" })).ConcurrentJobs);
    }

    [RedisFact]
    public async Task SetLimits_FaultyFields_NamesThemAll() =>
        Assert.Equal(["limits.tenant", "limits.concurrent_jobs", "limits.file_bytes"], Fields(await FailsAsync(
            async () => await Keys.SetLimitsAsync(new() { Limits = new() { Tenant = "A", ConcurrentJobs = -1, FileBytes = -2 } }), StatusCode.InvalidArgument)));

    [RedisFact]
    public async Task Calls_MoreThanTheRate_AreToldWhenToTryAgain()
    {
        var secret = await service.NewKeyAsync(Role.Viewer, "hasty");
        await Keys.SetLimitsAsync(new() { Limits = new() { Tenant = "hasty", RequestsPerSecond = 2 } });
        using var channel = service.Channel(secret);
        var jobs = new JobService.JobServiceClient(channel);

        var refusal = (await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => RefusalAsync(jobs)))).OfType<RpcException>().First();
        var details = Google.Rpc.Status.Parser.ParseFrom(refusal.Trailers.GetValueBytes("grpc-status-details-bin"));
        var pause = details.Details.Single().Unpack<RetryInfo>().RetryDelay.ToTimeSpan();

        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        Assert.Contains("requests_per_second", refusal.Status.Detail, StringComparison.Ordinal);
        Assert.InRange(pause, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1));
        await Task.Delay(pause);
        Assert.Null(await RefusalAsync(jobs));
        await service.Client.ListJobsAsync(new());
    }

    [RedisFact]
    public async Task RestCalls_MoreThanTheRate_Are429WithRetryAfter()
    {
        using var http = new HttpClient { BaseAddress = service.Http.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", await service.NewKeyAsync(Role.Viewer, "quick"));
        await Keys.SetLimitsAsync(new() { Limits = new() { Tenant = "quick", RequestsPerSecond = 1 } });

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => http.GetAsync("/v1/models")));
        var refusal = answers.First(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);

        Assert.Equal(TimeSpan.FromSeconds(1), refusal.Headers.RetryAfter!.Delta);
        Assert.Contains("\"rate_limit_error\"", await refusal.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task CreateJob_TenantHasItsJobs_IsRefusedUntilOneEnds()
    {
        await Keys.SetLimitsAsync(new() { Limits = new() { Tenant = "default", ConcurrentJobs = 1 } });
        var request = await service.RequestAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Outcome(async () => await service.Client.CreateJobAsync(request))));

        Assert.Equal(1, outcomes.Count(code => code == StatusCode.OK));
        Assert.Equal(3, outcomes.Count(code => code == StatusCode.ResourceExhausted));
        using var other = service.Channel(await service.NewKeyAsync(Role.User, "roomy"));
        Assert.NotEqual(StatusCode.ResourceExhausted, await Outcome(async () => await new JobService.JobServiceClient(other).CreateJobAsync(request)));
        await Keys.SetLimitsAsync(new() { Limits = new() { Tenant = "default", ConcurrentJobs = 0 } });
        await service.Client.CreateJobAsync(request);
    }

    [RedisTheory]
    [InlineData("rows", "dataset_rows", StatusCode.InvalidArgument)]
    [InlineData("file", "file_bytes", StatusCode.InvalidArgument)]
    [InlineData("total", "total_bytes", StatusCode.FailedPrecondition)]
    public async Task UploadFile_OverALimit_NamesIt(string tenant, string limit, StatusCode code)
    {
        using var channel = service.Channel(await service.NewKeyAsync(Role.User, tenant));
        var files = new FileService.FileServiceClient(channel);
        await UploadAsync(files, "row\nrow\n");
        await Keys.SetLimitsAsync(new()
        {
            Limits = limit switch
            {
                "dataset_rows" => new() { Tenant = tenant, DatasetRows = 2 },
                "file_bytes" => new() { Tenant = tenant, FileBytes = 11 },
                _ => new() { Tenant = tenant, TotalBytes = 19 },
            },
        });

        var error = await FailsAsync(() => UploadAsync(files, "row\nrow\nrow\n"), code);

        Assert.Contains(limit, error.Status.Detail, StringComparison.Ordinal);
        await UploadAsync(files, "row\nrow\n");
        Assert.Equal(2, (await files.ListFilesAsync(new())).Files.Count);
    }

    private static async Task UploadAsync(FileService.FileServiceClient files, string text)
    {
        using var call = files.UploadFile();
        await call.RequestStream.WriteAsync(Header("rows.jsonl"));
        await call.RequestStream.WriteAsync(Data(text));
        await call.RequestStream.CompleteAsync();
        await call.ResponseAsync;
    }

    private static async Task<StatusCode> Outcome(Func<Task> call)
    {
        try
        {
            await call();
            return StatusCode.OK;
        }
        catch (RpcException error)
        {
            return error.StatusCode;
        }
    }

    private static async Task<RpcException?> RefusalAsync(JobService.JobServiceClient jobs)
    {
        try
        {
            await jobs.ListJobsAsync(new());
            return null;
        }
        catch (RpcException error)
        {
            return error;
        }
    }
}
