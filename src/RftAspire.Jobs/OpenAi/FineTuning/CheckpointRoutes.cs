using System.Text.Json.Nodes;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Metrics;

namespace RftAspire.Jobs.OpenAi.FineTuning;

internal sealed record CheckpointBody(string Id, long CreatedAt, int StepNumber, string FineTunedModelCheckpoint, string FineTuningJobId, JsonObject Metrics)
{
    public string Object { get; } = "fine_tuning.job.checkpoint";
}

internal sealed record PermissionBody(string Id, long CreatedAt, string ProjectId)
{
    public string Object { get; } = "checkpoint.permission";
}

/// <summary>Routes of a job's checkpoints, and of who else may use one.</summary>
internal static class CheckpointRoutes
{
    private static readonly FieldNames s_names = new(("page_size", "limit", "invalid_value"));

    public static void MapCheckpoints(this RouteGroupBuilder jobs) =>
        jobs.MapGet("/{id}/checkpoints", ListAsync).Needs(Role.Viewer).Says("Lists a job's checkpoints that can be used as models, newest first").TakesPage();

    public static void MapPermissions(this RouteGroupBuilder v1)
    {
        var permissions = v1.MapGroup("/fine_tuning/checkpoints/{model}/permissions").WithMetadata(s_names);
        permissions.MapGet("", ListPermissions).Needs(Role.Admin, reads: true).Says("Lists the projects that a checkpoint is shared with: none").TakesPage();
        permissions.MapPost("", Share).Needs(Role.Admin).Says("Refuses: checkpoints are not shared between tenants");
        permissions.MapDelete("/{permission}", Unshare).Needs(Role.Admin).Says("Finds no permission");
    }

    private static async Task<ListBody<CheckpointBody>> ListAsync(HttpContext http, string id, ReadJobs read)
    {
        var page = Page.Of(http.Request, 10, 100);
        var metrics = new MetricsView(await read.GetAsync(http.GetCaller(), new GetJobRequest { JobId = id }));
        var found = await read.CheckpointsAsync(http.GetCaller(), new ListCheckpointsRequest { JobId = id, PageSize = page.Limit, After = page.After });
        return ListBody.Of(found.Checkpoints.Select(kept => new CheckpointBody(kept.Id, kept.CreatedAt.Seconds, kept.Step, kept.Model, kept.JobId, metrics.Data(kept))), found.HasMore, kept => kept.Id);
    }

    private static ListBody<PermissionBody> ListPermissions(HttpContext http, string model, ArtifactStore artifacts)
    {
        Find(http, model, artifacts);
        Page.Of(http.Request, 10, 100);
        http.Request.QueryWord("order", "descending", "ascending");
        return ListBody.Of<PermissionBody>([], false, permission => permission.Id);
    }

    private static PermissionBody Share(HttpContext http, string model, ArtifactStore artifacts)
    {
        Find(http, model, artifacts);
        throw new OpenAiException(400, "project_ids: a checkpoint belongs to its tenant and is shared with nobody; give the other tenant its exported folder", "project_ids", "unsupported_operation");
    }

    private static DeletedBody Unshare(HttpContext http, string model, string permission, ArtifactStore artifacts)
    {
        Find(http, model, artifacts);
        throw new OpenAiException(404, $"there is no permission '{permission}' of checkpoint {model}", null, "not_found");
    }

    private static void Find(HttpContext http, string model, ArtifactStore artifacts)
    {
        if (!ModelNames.IsTuned(model) || ModelNames.TenantOf(model) != http.GetCaller().Tenant || artifacts.ModelFolder(model) is null)
            throw new OpenAiException(404, $"there is no checkpoint '{model}'", null, "not_found");
    }
}
