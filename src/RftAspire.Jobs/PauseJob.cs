using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs;

/// <summary>PauseJob: a job that nobody trains is paused at once, another when Training has stopped behind its step and said so.</summary>
public sealed class PauseJob(JobStore jobs, JobCommands commands)
{
    public async Task<Job> RunAsync(Caller caller, PauseJobRequest request, CancellationToken cancellation)
    {
        caller.Target = request.JobId;
        if (await jobs.FindAsync(caller.Tenant, request.JobId) is null) throw Faults.NoSuchJob(request.JobId);
        var job = await jobs.ApplyAsync(request.JobId, new JobChange.Move(JobTrigger.PauseRequested)) ?? throw Faults.NoSuchJob(request.JobId);
        if (JobStateMachine.Next(job.State, JobTrigger.PauseRequested).IsRefused) throw Refused(job);
        await commands.SendAsync(job, cancellation);
        return job.ToMessage();
    }

    private static RpcException Refused(JobRecord job) => new(new Status(
        StatusCode.FailedPrecondition, $"job {job.Spec.JobId} is in state {job.State}; only a validating, queued or running job can be paused"));
}
