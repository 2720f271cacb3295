using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Models;

namespace RftAspire.Jobs.OpenAi;

/// <summary>Routes of /v1/models.</summary>
internal static class ModelRoutes
{
    public static void MapModels(this RouteGroupBuilder v1)
    {
        v1.MapGet("/models", (ModelFolders models) => new
        {
            @object = "list",
            data = models.All().Select(model => new
            {
                id = model.Name,
                @object = "model",
                created = model.CreatedAt.ToUnixTimeSeconds(),
                owned_by = model.IsTuned ? "rft-aspire" : "system",
            }),
        }).Needs(Role.Viewer);
    }
}
