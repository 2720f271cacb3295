using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs;

/// <summary>ResumeJob: back into the queue, where the job goes on behind its last step; or into validation, where that had not ended.</summary>
public sealed class ResumeJob(JobStore jobs, JobCommands commands, JobQuota quota)
{
    public async Task<Job> RunAsync(Caller caller, ResumeJobRequest request, CancellationToken cancellation)
    {
        caller.Target = request.JobId;
        var paused = await jobs.FindAsync(caller.Tenant, request.JobId) ?? throw Faults.NoSuchJob(request.JobId);
        // Looked at before the move: a job that was resumed just now is no caller's mistake of this call, nor is it resumed twice.
        if (JobStateMachine.Next(paused.State, JobTrigger.ResumeRequested).IsRefused) throw Refused(paused);
        var move = new JobChange.Move(JobTrigger.ResumeRequested);
        var job = await quota.WithRoomAsync(caller.Tenant, () => jobs.ApplyAsync(request.JobId, move), cancellation) ?? throw Faults.NoSuchJob(request.JobId);
        await commands.SendAsync(job, cancellation);
        return job.ToMessage();
    }

    private static RpcException Refused(JobRecord job) => new(new Status(
        StatusCode.FailedPrecondition,
        $"job {job.Spec.JobId} is in state {job.State}; only a paused job can be resumed{(job.State == JobState.Pausing ? ", and this one is finishing its step" : "")}"));
}
