using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Models;

namespace RftAspire.Jobs.OpenAi;

internal sealed record ModelBody(string Id, long Created, string OwnedBy)
{
    public string Object { get; } = "model";

    public static ModelBody Of(ModelFolder model) =>
        new(model.Name, model.CreatedAt.ToUnixTimeSeconds(), model.IsTuned ? ModelNames.TenantOf(model.Name) ?? Caller.DefaultTenant : "system");
}

internal sealed record ModelList(IReadOnlyList<ModelBody> Data)
{
    public string Object { get; } = "list";
}

internal sealed record DeletedModelBody(string Id, string Object, bool Deleted);

/// <summary>Routes of /v1/models. A name may come with its colons as they are or percent-encoded.</summary>
internal static class ModelRoutes
{
    public static void MapModels(this RouteGroupBuilder v1)
    {
        v1.MapGet("/models", (HttpContext http, ModelFolders models) => new ModelList([.. models.All(http.GetCaller()).Select(ModelBody.Of)])).Needs(Role.Viewer).Says("Lists base models and the tenant's own");
        v1.MapGet("/models/{model}", (HttpContext http, ServedModels models, string model) => ModelBody.Of(models.Get(http.GetCaller(), model))).Needs(Role.Viewer).Says("Gets a model or checkpoint");
        v1.MapDelete("/models/{model}", async (HttpContext http, DeleteModel delete, string model) =>
        {
            await delete.RunAsync(http.GetCaller(), model);
            return new DeletedModelBody(model, "model", true);
        }).Needs(Role.User).Says("Deletes a tuned model or checkpoint");
    }
}
