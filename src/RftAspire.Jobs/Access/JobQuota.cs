using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs.Access;

/// <summary>How many jobs a tenant may have at once; paused ones do not count.</summary>
public sealed class JobQuota(LimitStore limits, JobStore jobs) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Starts a job, or resumes one, if there is room for it. One at a time, or two could both take the last place.</summary>
    public async Task<T> WithRoomAsync<T>(string tenant, Func<Task<T>> start, CancellationToken cancellation)
    {
        var most = (await limits.ForAsync(tenant)).ConcurrentJobs;
        if (most == 0) return await start();
        await _turn.WaitAsync(cancellation);
        try
        {
            var running = (await jobs.ActiveAsync()).Count(job => job.Spec.Tenant == tenant && job.State != JobState.Paused);
            return running < most ? await start() : throw new RpcException(new Status(
                StatusCode.ResourceExhausted,
                $"tenant '{tenant}' has {running} jobs that have not ended, and may have {most} (concurrent_jobs); wait for one, cancel or pause one, or have the limit raised"));
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
