using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using RftAspire.Client;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Services.Tests.Cli;
using Status = Grpc.Core.Status;

namespace RftAspire.Services.Tests.Client;

/// <summary>The client against a platform that fails in ways that a real one does only now and then.</summary>
public sealed class RftClientFaultTests
{
    private static readonly RftClientOptions s_quick = new() { RetryDelay = TimeSpan.FromMilliseconds(5) };

    [Fact]
    public async Task Get_PlatformIsAwayForAMoment_IsAskedAgain()
    {
        await using var platform = await FakePlatform.StartAsync();
        (platform.Jobs.Fault, platform.Jobs.Faults) = (new RpcException(new Status(StatusCode.Unavailable, "restarting")), 3);
        using var rft = Of(platform);

        Assert.Equal("ftjob-1", (await rft.Jobs.GetAsync("ftjob-1")).Id);
    }

    [Fact]
    public async Task Get_PlatformAsksToWait_WaitsForSoLong()
    {
        await using var platform = await FakePlatform.StartAsync();
        (platform.Jobs.Fault, platform.Jobs.Faults) = (Busy(TimeSpan.FromMilliseconds(300)), 1);
        using var rft = Of(platform);
        var started = Stopwatch.GetTimestamp();

        await rft.Jobs.GetAsync("ftjob-1");

        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 295, 30_000);
    }

    [Fact]
    public async Task Get_WaitWouldOutlastTheDeadline_FailsAtOnceWithThePause()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Fault = Busy(TimeSpan.FromHours(1));
        using var rft = Of(platform);

        var error = await Assert.ThrowsAsync<LimitReachedException>(() => rft.Jobs.GetAsync("ftjob-1")).WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(TimeSpan.FromHours(1), error.RetryAfter);
    }

    [Fact]
    public async Task Get_NoAnswer_IsUnavailableAtTheDeadline()
    {
        await using var platform = await FakePlatform.StartAsync();
        using var rft = Of(platform, s_quick with { Timeout = TimeSpan.FromMilliseconds(200) });

        var error = await Assert.ThrowsAsync<UnavailableException>(() => rft.Files.GetAsync("file-1").WaitAsync(TimeSpan.FromSeconds(30)));

        Assert.Equal((StatusCode.DeadlineExceeded, false), (error.StatusCode, error.WasReached));
    }

    [Fact]
    public async Task Delete_AnswerIsLost_IsDoneAllTheSame()
    {
        await using var platform = await FakePlatform.StartAsync();
        using var rft = Of(platform);

        await rft.Files.DeleteAsync("file-1");

        Assert.Equal(["file-1"], platform.Files.Deleted);
        await Assert.ThrowsAsync<NotFoundException>(() => rft.Files.DeleteAsync("file-1"));
    }

    [Fact]
    public async Task Watch_CallersToken_EndsIt()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Events.Add(JobEventSamples.State(1, JobState.Running));
        platform.Jobs.KeepOpen = true;
        using var rft = Of(platform);
        using var stop = new CancellationTokenSource();
        var watching = SequencesAsync(rft.Jobs.WatchAsync("ftjob-1").WithCancellation(stop.Token));
        await platform.Jobs.Watching.Task.WaitAsync(TimeSpan.FromSeconds(30));

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    [Fact]
    public async Task Watch_PlatformIsKilledAndComesBack_TellsAndMissesNothing()
    {
        var events = JobEventSamples.WholeJob().ToList();
        var first = await FakePlatform.StartAsync();
        var port = new Uri(first.Server).Port;
        first.Jobs.Events.AddRange(events.Take(3));
        first.Jobs.KeepOpen = true;
        using var rft = Of(first);
        var told = new List<Reconnection>();
        var (seen, third) = (new List<long>(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var watching = Task.Run(async () =>
        {
            await foreach (var happened in rft.Jobs.WatchAsync("ftjob-1", reconnecting: told.Add))
            {
                seen.Add(happened.Sequence);
                if (happened.Sequence == 3) third.SetResult();
            }
        });
        await third.Task.WaitAsync(TimeSpan.FromSeconds(30));

        await first.DisposeAsync();
        var jobs = new FakeJobService();
        jobs.Events.AddRange(events);
        await using var second = await FakePlatform.StartAsync(jobs, port);

        await watching.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([1, 2, 3, 4, 5, 6], seen);
        Assert.Equal(3, jobs.WatchedAfter.Single());
        Assert.Equal(1, told[0].Attempt);
    }

    [Fact]
    public async Task Watch_PlatformStaysAway_GivesUpAfterItsPatience()
    {
        var platform = await FakePlatform.StartAsync();
        platform.Jobs.Events.Add(JobEventSamples.State(1, JobState.Running));
        platform.Jobs.KeepOpen = true;
        using var rft = Of(platform, s_quick with { WatchPatience = TimeSpan.FromMilliseconds(100) });
        await using var watch = rft.Jobs.WatchAsync("ftjob-1").GetAsyncEnumerator();
        await watch.MoveNextAsync();

        await platform.DisposeAsync();

        var error = await Assert.ThrowsAsync<UnavailableException>(() => watch.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(error.WasReached);
    }

    [Fact]
    public async Task Watch_NeverReached_FailsAfterItsRetries()
    {
        using var rft = new RftClient(new Uri("http://127.0.0.1:1"), null, s_quick);

        await Assert.ThrowsAsync<UnavailableException>(() => SequencesAsync(rft.Jobs.WatchAsync("ftjob-1").ConfigureAwait(false)).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Upload_ConnectionBreaks_FailsAndIsNotRepeated()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Files.Cut = true;
        using var rft = Of(platform);

        await Assert.ThrowsAsync<UnavailableException>(() => UploadAsync(rft, new MemoryStream(new byte[3_000_000])));

        Assert.Equal(1, platform.Files.Begun);
    }

    [Fact]
    public async Task Upload_TurnedAwayForNow_IsSentAgainFromItsStart()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Files.TurnedAway = Busy(TimeSpan.FromMilliseconds(1));
        using var rft = Of(platform);
        var content = new MemoryStream([1, 2, 3, 4]) { Position = 1 };

        await UploadAsync(rft, content);

        Assert.Equal([2, 3, 4], platform.Files.Uploads.Single().Bytes);
    }

    [Fact]
    public async Task Upload_Cancelled_IsCancelledAndStoresNothing()
    {
        await using var platform = await FakePlatform.StartAsync();
        using var rft = Of(platform);
        using var stop = new CancellationTokenSource();
        var uploading = UploadAsync(rft, new Endless(), stop.Token);
        await platform.Files.Uploading.Task.WaitAsync(TimeSpan.FromSeconds(30));

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => uploading);
        Assert.Empty(platform.Files.Uploads);
    }

    [Fact]
    public async Task Get_CancelledBefore_IsCancelled()
    {
        await using var platform = await FakePlatform.StartAsync();
        using var rft = Of(platform);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rft.Jobs.GetAsync("ftjob-1", new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task List_ManyPages_ComesWhole()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Jobs = [.. Enumerable.Range(1, 50).Select(number => new Job { Id = $"ftjob-{number}" })];
        using var rft = Of(platform);

        var ids = await rft.Jobs.ListAsync(new ListJobsRequest { PageSize = 7, After = "ftjob-10" }).Select(job => job.Id).ToListAsync();

        Assert.Equal(Enumerable.Range(11, 40).Select(number => $"ftjob-{number}"), ids);
    }

    private static RftClient Of(FakePlatform platform, RftClientOptions? options = null) => new(new Uri(platform.Server), "k", options ?? s_quick);

    private static Task<StoredFile> UploadAsync(RftClient rft, Stream content, CancellationToken cancellationToken = default) =>
        rft.Files.UploadAsync(content, new FileHeader { Filename = "a" }, cancellationToken);

    private static async Task<List<long>> SequencesAsync(System.Runtime.CompilerServices.ConfiguredCancelableAsyncEnumerable<JobEvent> events)
    {
        var sequences = new List<long>();
        await foreach (var happened in events) sequences.Add(happened.Sequence);
        return sequences;
    }

    private static RpcException Busy(TimeSpan pause)
    {
        var details = new Google.Rpc.Status { Code = 8, Details = { Any.Pack(new RetryInfo { RetryDelay = pause.ToDuration() }) } };
        return new RpcException(new Status(StatusCode.ResourceExhausted, "busy"), new Metadata { { "grpc-status-details-bin", details.ToByteArray() } });
    }

    /// <summary>Bytes without end.</summary>
    private sealed class Endless : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(buffer.Length);
    }
}
