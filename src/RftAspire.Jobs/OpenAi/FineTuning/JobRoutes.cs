using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.OpenAi.FineTuning;

/// <summary>Routes of /v1/fine_tuning/jobs.</summary>
internal static class JobRoutes
{
    private static readonly FieldNames s_names = new(("page_size", "limit", "invalid_value"));

    public static void MapFineTuning(this RouteGroupBuilder v1)
    {
        var jobs = v1.MapGroup("/fine_tuning/jobs").WithMetadata(s_names);
        jobs.MapPost("", CreateAsync).Needs(Role.User).Says("Creates a job").Reads<CreateJobDocument>();
        jobs.MapGet("", ListAsync).Needs(Role.Viewer).Says("Lists jobs, newest first").TakesPage()
            .Takes("metadata", "string", "metadata[k]=v, for each pair that the jobs must have; metadata=null for jobs without any");
        jobs.MapGet("/{id}", GetAsync).Needs(Role.Viewer).Says("Gets a job");
        jobs.MapPost("/{id}/cancel", CancelAsync).Needs(Role.User).Says("Stops a job for good");
        jobs.MapPost("/{id}/pause", PauseAsync).Needs(Role.User).Says("Stops a job behind its step; its checkpoint can be used");
        jobs.MapPost("/{id}/resume", ResumeAsync).Needs(Role.User).Says("Lets a paused job go on");
        jobs.MapEvents();
        jobs.MapCheckpoints();
        v1.MapPermissions();
    }

    private static async Task<JobBody> CreateAsync(HttpContext http, CreateJob create, CreateRetries retries)
    {
        var caller = http.GetCaller();
        var body = await JsonBody.ReadAsync(http.Request);
        http.Features.Set(CreateJobForm.Names(JobMethod.Unspecified));
        var request = CreateJobForm.Read(body);
        http.Features.Set(CreateJobForm.Names(request.Method));
        request.IdempotencyKey = await retries.KeyAsync(caller, http.Request, body.Value.GetRawText());
        if (!request.HasSeed) request.Seed = CreateRetries.SeedOf(request.IdempotencyKey);
        try
        {
            return JobBody.Of(caller.Tenant, await create.RunAsync(caller, request, http.RequestAborted));
        }
        catch (Grpc.Core.RpcException error) when (error.StatusCode == Grpc.Core.StatusCode.Aborted)
        {
            throw new OpenAiException(409, $"Idempotency-Key: {error.Status.Detail}", "Idempotency-Key", "idempotency_key_reused");
        }
    }

    private static async Task<ListBody<JobBody>> ListAsync(HttpContext http, ReadJobs read)
    {
        var caller = http.GetCaller();
        var page = Page.Of(http.Request, 20, 100);
        var request = new ListJobsRequest { PageSize = page.Limit, After = page.After, WithoutMetadata = http.Request.QueryText("metadata") == "null" };
        foreach (var (name, values) in http.Request.Query)
            if (name.StartsWith("metadata[", StringComparison.Ordinal) && name.EndsWith(']')) request.Metadata[name["metadata[".Length..^1]] = values[^1] ?? "";
        var found = await read.ListAsync(caller, request);
        return ListBody.Of(found.Jobs.Select(job => JobBody.Of(caller.Tenant, job)), found.HasMore, job => job.Id);
    }

    private static async Task<JobBody> GetAsync(HttpContext http, string id, ReadJobs read) =>
        JobBody.Of(http.GetCaller().Tenant, await read.GetAsync(http.GetCaller(), new GetJobRequest { JobId = id }));

    private static async Task<JobBody> CancelAsync(HttpContext http, string id, CancelJob cancel, JobWait wait)
    {
        var job = await cancel.RunAsync(http.GetCaller(), new CancelJobRequest { JobId = id }, http.RequestAborted);
        return JobBody.Of(http.GetCaller().Tenant, await wait.WhileAsync(http.GetCaller(), job, JobState.Cancelling, http.RequestAborted));
    }

    private static async Task<JobBody> PauseAsync(HttpContext http, string id, PauseJob pause, JobWait wait)
    {
        var job = await pause.RunAsync(http.GetCaller(), new PauseJobRequest { JobId = id }, http.RequestAborted);
        return JobBody.Of(http.GetCaller().Tenant, await wait.WhileAsync(http.GetCaller(), job, JobState.Pausing, http.RequestAborted));
    }

    private static async Task<JobBody> ResumeAsync(HttpContext http, string id, ResumeJob resume) =>
        JobBody.Of(http.GetCaller().Tenant, await resume.RunAsync(http.GetCaller(), new ResumeJobRequest { JobId = id }, http.RequestAborted));
}
