using System.Text.Encodings.Web;
using System.Text.Json;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.OpenAi;

/// <summary>The OpenAI-compatible REST face under <c>/v1</c>: one file of routes for each area.</summary>
public static class OpenAiFace
{
    public static void AddOpenAi(this WebApplicationBuilder builder) => builder.Services.ConfigureHttpJsonOptions(json =>
    {
        json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.SerializerOptions.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
    });

    /// <summary>Comes before whatever may refuse a request.</summary>
    public static void UseOpenAi(this WebApplication app) =>
        app.UseWhen(http => !Refusal.IsGrpc(http), branch => branch.UseMiddleware<ErrorMiddleware>());

    public static void MapOpenAi(this WebApplication app)
    {
        var v1 = app.MapGroup("/v1");
        v1.MapFiles();
        v1.MapUploads();
        v1.MapModels();
        v1.MapChat();
        v1.MapEvals();
        app.MapFallback("{*path}", UnknownUrl.Answer).Needs(Role.Viewer);
    }
}
