using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs;

/// <summary>GetJob and ListJobs.</summary>
public sealed class ReadJobs(JobStore jobs)
{
    private const int DefaultPage = 20;
    private const int LargestPage = 100;

    public async Task<Job> GetAsync(Caller caller, GetJobRequest request) =>
        (await jobs.FindAsync(caller.Tenant, request.JobId) ?? throw Faults.NoSuchJob(request.JobId)).ToMessage();

    public async Task<ListJobsResponse> ListAsync(Caller caller, ListJobsRequest request)
    {
        if (request.PageSize is < 0 or > LargestPage)
            throw Faults.Invalid("page_size", $"{request.PageSize} is out of range; 1 to {LargestPage}, or 0 for {DefaultPage}");
        var size = request.PageSize == 0 ? DefaultPage : request.PageSize;
        var found = await jobs.ListAsync(caller.Tenant, request.After, size + 1)
            ?? throw Faults.Invalid("after", $"there is no job '{request.After}'; give the last id of the previous page");
        return new ListJobsResponse
        {
            Jobs = { found.Take(size).Select(job => job.ToMessage()) },
            HasMore = found.Length > size,
        };
    }
}
