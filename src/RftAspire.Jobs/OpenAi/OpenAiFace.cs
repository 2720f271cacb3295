using System.Text.Encodings.Web;
using System.Text.Json;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.OpenAi.FineTuning;

namespace RftAspire.Jobs.OpenAi;

/// <summary>The OpenAI-compatible REST face under <c>/v1</c>: one file of routes for each area.</summary>
public static class OpenAiFace
{
    public static void AddOpenAi(this WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            // What was accepted can be told, with the answer's own levels around it.
            json.SerializerOptions.MaxDepth = 2 * JsonBody.MaxDepth;
            json.SerializerOptions.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        });
        builder.Services.AddSingleton<CreateRetries>().AddSingleton<JobWait>();
        builder.Services.AddDocument();
    }

    /// <summary>Comes before whatever may refuse a request.</summary>
    public static void UseOpenAi(this WebApplication app) =>
        app.UseWhen(http => !Refusal.IsGrpc(http), branch => branch.UseMiddleware<ErrorMiddleware>());

    public static void MapOpenAi(this WebApplication app)
    {
        app.MapOpenApi(OpenApiDocumentation.Path).Needs(Role.Viewer);
        var v1 = app.MapGroup("/v1").TellsErrors();
        v1.MapFiles();
        v1.MapUploads();
        v1.MapFineTuning();
        v1.MapGraders();
        v1.MapModels();
        v1.MapChat();
        v1.MapEvals();
        app.MapFallback("{*path}", UnknownUrl.Answer).Needs(Role.Viewer);
    }
}
