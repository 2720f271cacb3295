using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs;

/// <summary>GetJob, ListJobs, ListEvents and ListCheckpoints.</summary>
public sealed class ReadJobs(JobStore jobs)
{
    private const int Batch = 100;

    public async Task<Job> GetAsync(Caller caller, GetJobRequest request) => (await FindAsync(caller, request.JobId)).ToMessage();

    public async Task<ListJobsResponse> ListAsync(Caller caller, ListJobsRequest request)
    {
        var size = PageSize.Of(request.PageSize, 20, 100);
        if (request.WithoutMetadata && request.Metadata.Count > 0)
            throw Faults.Invalid("without_metadata", "contradicts metadata; give one of them");
        // Where all are asked for, one more than the page has tells whether there is one.
        var batch = request.WithoutMetadata || request.Metadata.Count > 0 ? Batch : size + 1;
        var found = new List<JobRecord>();
        for (var after = request.After; found.Count <= size;)
        {
            var next = await jobs.ListAsync(caller.Tenant, after, batch)
                ?? throw Faults.Invalid("after", $"there is no job '{after}'; give the last id of the previous page");
            found.AddRange(next.Where(job => IsAskedFor(job, request)));
            if (next.Length < batch) break;
            after = next[^1].Spec.JobId;
        }
        var page = MessageSize.Page(found.Select(job => job.ToMessage()), size);
        return new ListJobsResponse { Jobs = { page }, HasMore = found.Count > page.Count };
    }

    public async Task<ListEventsResponse> EventsAsync(Caller caller, ListEventsRequest request)
    {
        var size = PageSize.Of(request.PageSize, 20, 1000);
        if (request.BeforeSequence < 0) throw Faults.Invalid("before_sequence", $"{request.BeforeSequence} is negative; 0 starts with the newest event");
        await FindAsync(caller, request.JobId);
        var before = request.BeforeSequence == 0 ? long.MaxValue : request.BeforeSequence;
        var found = await jobs.EventsBeforeAsync(request.JobId, before, size + 1);
        var page = MessageSize.Page(found, size);
        return new ListEventsResponse { Events = { page }, HasMore = found.Length > page.Count };
    }

    public async Task<ListCheckpointsResponse> CheckpointsAsync(Caller caller, ListCheckpointsRequest request)
    {
        var size = PageSize.Of(request.PageSize, 10, 100);
        var job = await FindAsync(caller, request.JobId);
        // The checkpoint that a page ended with may be gone by now, but its id still has its step.
        var before = request.After.Length == 0 ? int.MaxValue : Ids.StepOfCheckpoint(job.Spec.JobId, request.After)
            ?? throw Faults.Invalid("after", $"'{request.After}' is no checkpoint of job {job.Spec.JobId}; give the last id of the previous page");
        var found = job.Checkpoints.Where(checkpoint => checkpoint.Step < before).OrderByDescending(checkpoint => checkpoint.Step).ToList();
        return new ListCheckpointsResponse
        {
            Checkpoints = { found.Take(size).Select(checkpoint => CheckpointMessage.Of(job, checkpoint)) },
            HasMore = found.Count > size,
        };
    }

    private async Task<JobRecord> FindAsync(Caller caller, string id) => await jobs.FindAsync(caller.Tenant, id) ?? throw Faults.NoSuchJob(id);

    private static bool IsAskedFor(JobRecord job, ListJobsRequest request) =>
        (!request.WithoutMetadata || job.Spec.Metadata.Count == 0)
        && request.Metadata.All(pair => job.Spec.Metadata.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
