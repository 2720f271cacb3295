using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs;

/// <summary>The gRPC face: each call is a file of its own.</summary>
public sealed class JobsGrpcService(
    CreateJob createJob,
    ReadJobs readJobs,
    WatchJob watchJob,
    CancelJob cancelJob) : JobService.JobServiceBase
{
    [Needs(Role.User)]
    public override Task<Job> CreateJob(CreateJobRequest request, ServerCallContext context) =>
        Faults.Serve(() => createJob.RunAsync(context.GetCaller(), request, context.CancellationToken));

    [Needs(Role.Viewer)]
    public override Task<Job> GetJob(GetJobRequest request, ServerCallContext context) =>
        Faults.Serve(() => readJobs.GetAsync(context.GetCaller(), request));

    [Needs(Role.Viewer)]
    public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context) =>
        Faults.Serve(() => readJobs.ListAsync(context.GetCaller(), request));

    [Needs(Role.Viewer)]
    public override Task WatchJob(WatchJobRequest request, IServerStreamWriter<JobEvent> responseStream, ServerCallContext context) =>
        Faults.Serve(() => watchJob.RunAsync(context.GetCaller(), request, responseStream, context.CancellationToken));

    [Needs(Role.User)]
    public override Task<Job> CancelJob(CancelJobRequest request, ServerCallContext context) =>
        Faults.Serve(() => cancelJob.RunAsync(context.GetCaller(), request, context.CancellationToken));
}
