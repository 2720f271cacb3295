using System.Runtime.CompilerServices;
using Grpc.Core;
using RftAspire.Cli.Platform;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Jobs;

/// <summary>Reads a job's events.</summary>
public static class JobEvents
{
    private static readonly double[] RetrySeconds = [0.2, 1, 2, 4, 8, 8, 8];

    public static bool IsEnd(JobState state) => state is JobState.Succeeded or JobState.Failed or JobState.Cancelled;

    /// <summary>What was recorded so far.</summary>
    public static async Task<List<JobEvent>> RecordedAsync(JobService.JobServiceClient jobs, string jobId, CancellationToken cancellationToken)
    {
        var events = new List<JobEvent>();
        using var call = jobs.WatchJob(new() { JobId = jobId, Snapshot = true }, PlatformConnection.Promptly(cancellationToken));
        while (await call.ResponseStream.MoveNext(cancellationToken)) events.Add(call.ResponseStream.Current);
        return events;
    }

    /// <summary>
    /// Every event until the job has ended. A platform that restarts meanwhile is awaited, and the stream taken up after the
    /// last event seen; one that was never reached is an error at once.
    /// </summary>
    public static async IAsyncEnumerable<JobEvent> FollowAsync(
        JobService.JobServiceClient jobs, string jobId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long last = 0;
        for (var lost = 0; ; lost++)
        {
            using var call = jobs.WatchJob(new() { JobId = jobId, AfterSequence = last }, cancellationToken: cancellationToken);
            while (await NextAsync(call.ResponseStream, mayRetry: last > 0 && lost < RetrySeconds.Length, cancellationToken) is { } next)
            {
                (last, lost) = (next.Sequence, 0);
                yield return next;
                if (next.StateChanged is { } change && IsEnd(change.State)) yield break;
            }
            if (lost >= RetrySeconds.Length) yield break;
            await Task.Delay(TimeSpan.FromSeconds(RetrySeconds[lost]), cancellationToken);
        }
    }

    private static async Task<JobEvent?> NextAsync(IAsyncStreamReader<JobEvent> stream, bool mayRetry, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.MoveNext(cancellationToken) ? stream.Current : null;
        }
        catch (RpcException e) when (mayRetry && !cancellationToken.IsCancellationRequested
            && e.StatusCode is (StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled))
        {
            return null;
        }
    }
}
