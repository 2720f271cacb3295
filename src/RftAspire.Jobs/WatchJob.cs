using Grpc.Core;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs;

/// <summary>WatchJob: the recorded events, then each new one, until the job has ended.</summary>
public sealed class WatchJob(JobStore jobs, KeyStore keys, JobSignal signal, IOptions<JobsOptions> options)
{
    private const int Batch = 256;

    public async Task<bool> RunAsync(Caller caller, WatchJobRequest request, IServerStreamWriter<JobEvent> events, CancellationToken cancellation)
    {
        if (request.AfterSequence < 0)
            throw Faults.Invalid("after_sequence", $"{request.AfterSequence} is negative; 0 starts with the first event");
        var after = request.AfterSequence;
        while (true)
        {
            // State before events: events of a job seen as ended are complete, with nothing to come that changes it.
            var changed = signal.Next;
            var job = await jobs.FindAsync(caller.Tenant, request.JobId) ?? throw Faults.NoSuchJob(request.JobId);
            var recorded = await jobs.EventsAsync(request.JobId, after, Batch);
            foreach (var item in recorded) await events.WriteAsync(item, cancellation);
            if (recorded.Length > 0) after = recorded[^1].Sequence;
            if (recorded.Length == Batch) continue;
            if (request.Snapshot || job.HasEnded) return true;
            await Task.WhenAny(changed, Task.Delay(options.Value.WatchInterval, cancellation));
            cancellation.ThrowIfCancellationRequested();
            // A stream may outlive its key.
            await keys.RequireInForceAsync(caller.KeyId);
        }
    }
}
