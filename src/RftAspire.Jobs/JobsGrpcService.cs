using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Datasets;
using RftAspire.Jobs.Models;

namespace RftAspire.Jobs;

/// <summary>The gRPC face: each call is a file of its own.</summary>
public sealed class JobsGrpcService(
    UploadDataset uploadDataset,
    CreateJob createJob,
    ReadJobs readJobs,
    WatchJob watchJob,
    CancelJob cancelJob,
    ListModels listModels) : JobService.JobServiceBase
{
    public override Task<Dataset> UploadDataset(IAsyncStreamReader<UploadDatasetRequest> requestStream, ServerCallContext context) =>
        Faults.Serve(() => uploadDataset.RunAsync(requestStream, context.CancellationToken));

    public override Task<Job> CreateJob(CreateJobRequest request, ServerCallContext context) =>
        Faults.Serve(() => createJob.RunAsync(request, context.CancellationToken));

    public override Task<Job> GetJob(GetJobRequest request, ServerCallContext context) =>
        Faults.Serve(() => readJobs.GetAsync(request));

    public override Task<ListJobsResponse> ListJobs(ListJobsRequest request, ServerCallContext context) =>
        Faults.Serve(() => readJobs.ListAsync(request));

    public override Task WatchJob(WatchJobRequest request, IServerStreamWriter<JobEvent> responseStream, ServerCallContext context) =>
        Faults.Serve(() => watchJob.RunAsync(request, responseStream, context.CancellationToken));

    public override Task<Job> CancelJob(CancelJobRequest request, ServerCallContext context) =>
        Faults.Serve(() => cancelJob.RunAsync(request, context.CancellationToken));

    public override Task<ListModelsResponse> ListModels(ListModelsRequest request, ServerCallContext context) =>
        Faults.Serve(listModels.RunAsync);
}
