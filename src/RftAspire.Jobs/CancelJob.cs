using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs;

/// <summary>CancelJob: Training stops the job, or never starts it, and says so.</summary>
public sealed class CancelJob(JobStore jobs, JobCommands commands)
{
    public async Task<Job> RunAsync(Caller caller, CancelJobRequest request, CancellationToken cancellation)
    {
        caller.Target = request.JobId;
        if (await jobs.FindAsync(caller.Tenant, request.JobId) is null) throw Faults.NoSuchJob(request.JobId);
        var job = await jobs.ApplyAsync(request.JobId, new JobChange.Move(JobTrigger.CancelRequested))
            ?? throw Faults.NoSuchJob(request.JobId);
        if (job.HasEnded) throw Ended(job);
        await commands.SendAsync(job, cancellation);
        return job.ToMessage();
    }

    private static RpcException Ended(JobRecord job) => new(new Status(
        StatusCode.FailedPrecondition,
        $"job {job.Spec.JobId} has ended in state {job.State}; only a job that has not ended can be cancelled"));
}
