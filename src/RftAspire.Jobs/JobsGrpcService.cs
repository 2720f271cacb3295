using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Lineage;
using RftAspire.Jobs.Rollouts;

namespace RftAspire.Jobs;

/// <summary>The gRPC face: each call is a file of its own.</summary>
public sealed class JobsGrpcService(
    CreateJob createJob,
    ReadJobs readJobs,
    ListRollouts listRollouts,
    GetLineage getLineage,
    WatchJob watchJob,
    CancelJob cancelJob,
    PauseJob pauseJob,
    ResumeJob resumeJob) : JobService.JobServiceBase
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
    public override Task<ListEventsResponse> ListEvents(ListEventsRequest request, ServerCallContext context) =>
        Faults.Serve(() => readJobs.EventsAsync(context.GetCaller(), request));

    [Needs(Role.Viewer)]
    public override Task<ListCheckpointsResponse> ListCheckpoints(ListCheckpointsRequest request, ServerCallContext context) =>
        Faults.Serve(() => readJobs.CheckpointsAsync(context.GetCaller(), request));

    [Needs(Role.Viewer)]
    public override Task<ListRolloutsResponse> ListRollouts(ListRolloutsRequest request, ServerCallContext context) =>
        Faults.Serve(() => listRollouts.RunAsync(context.GetCaller(), request, context.CancellationToken));

    [Needs(Role.Viewer)]
    public override Task GetLineage(GetLineageRequest request, IServerStreamWriter<LineageEntry> responseStream, ServerCallContext context) =>
        Faults.Serve(() => getLineage.RunAsync(context.GetCaller(), request, entry => responseStream.WriteAsync(entry, context.CancellationToken), context.CancellationToken));

    [Needs(Role.Viewer)]
    public override Task WatchJob(WatchJobRequest request, IServerStreamWriter<JobEvent> responseStream, ServerCallContext context) =>
        Faults.Serve(() => watchJob.RunAsync(context.GetCaller(), request, responseStream, context.CancellationToken));

    [Needs(Role.User)]
    public override Task<Job> CancelJob(CancelJobRequest request, ServerCallContext context) =>
        Faults.Serve(() => cancelJob.RunAsync(context.GetCaller(), request, context.CancellationToken));

    [Needs(Role.User)]
    public override Task<Job> PauseJob(PauseJobRequest request, ServerCallContext context) =>
        Faults.Serve(() => pauseJob.RunAsync(context.GetCaller(), request, context.CancellationToken));

    [Needs(Role.User)]
    public override Task<Job> ResumeJob(ResumeJobRequest request, ServerCallContext context) =>
        Faults.Serve(() => resumeJob.RunAsync(context.GetCaller(), request, context.CancellationToken));
}
