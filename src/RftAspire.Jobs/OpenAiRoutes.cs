using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Models;

namespace RftAspire.Jobs;

/// <summary>The OpenAI-compatible REST face: the list of models.</summary>
public static class OpenAiRoutes
{
    public static void MapOpenAi(this WebApplication app)
    {
        app.MapGet("/v1/models", (ModelFolders models) => new
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
        app.MapFallback("{*path}", (HttpRequest request) => Results.Json(
            new
            {
                error = new
                {
                    message = $"Unknown request URL: {request.Method} {request.Path}. GET /v1/models lists the models; jobs are served over gRPC.",
                    type = "invalid_request_error",
                    param = (string?)null,
                    code = "unknown_url",
                },
            },
            statusCode: StatusCodes.Status404NotFound)).Needs(Role.Viewer);
    }
}
