using System.Text.Json.Nodes;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Graders;

namespace RftAspire.Jobs.OpenAi;

internal sealed record GraderBody(JsonObject Grader);

/// <summary>Routes that try a grader before a job depends on it; Grading does the work.</summary>
internal static class GraderRoutes
{
    private const int NameLength = 12;

    private static readonly FieldNames s_names = new(("grader_json", "grader", "invalid_grader"), ("item_json", "item", "invalid_value"));

    public static void MapGraders(this RouteGroupBuilder v1)
    {
        var graders = v1.MapGroup("/fine_tuning/alpha/graders").WithMetadata(s_names);
        graders.MapPost("/validate", ValidateAsync).Needs(Role.User, reads: true).Says("Checks a grader and fills in its defaults").Reads<GraderBody>();
        graders.MapPost("/run", RunAsync).Needs(Role.User, reads: true).Says("Grades one answer; a grader that fails is told in the flags").Reads<RunGraderDocument>();
    }

    private static async Task<GraderBody> ValidateAsync(HttpContext http, GradingConnection grading)
    {
        var (given, definition) = Read(http.GetCaller(), await JsonBody.ReadAsync(http.Request));
        var answer = await grading.AskAsync(
            DateTime.MaxValue, async (client, options) => await client.ValidateAsync(new ValidateRequest { GraderJson = definition.Json }, options), http.RequestAborted);
        var grader = JsonNode.Parse(answer.GraderJson)!.AsObject();
        grader["name"] = NameOf(given, definition);
        Keep(given, grader);
        return new GraderBody(grader);
    }

    private static async Task<GraderRunBody> RunAsync(HttpContext http, GradingConnection grading)
    {
        var body = await JsonBody.ReadAsync(http.Request);
        var (given, definition) = Read(http.GetCaller(), body);
        var request = new RunRequest { GraderJson = definition.Json, ModelSample = body.Text("model_sample"), ItemJson = body.OptionalFields("item")?.Value.GetRawText() ?? "" };
        var answer = await grading.AskAsync(DateTime.MaxValue, async (client, options) => await client.RunAsync(request, options), http.RequestAborted);
        return GraderRunBody.Of(definition, NameOf(given, definition), answer);
    }

    private static (JsonObject Given, GraderDefinition Definition) Read(Caller caller, JsonFields body)
    {
        var grader = body.Fields("grader").Value.GetRawText();
        try
        {
            return (JsonNode.Parse(grader)!.AsObject(), TenantJudges.OnlyOf(caller, GraderDefinition.Parse(grader, ignoresUnknown: true)));
        }
        catch (GraderException fault)
        {
            throw Faults.Invalid("grader_json", fault.Message);
        }
    }

    // A grader without a name gets one that stays the same for the same grader.
    private static string NameOf(JsonObject given, GraderDefinition definition) =>
        given["name"] is null ? "grader-" + definition.Digest[..NameLength] : definition.Name;

    // What we do not know of a grader comes back as it was.
    private static void Keep(JsonObject given, JsonObject grader)
    {
        foreach (var (name, value) in given)
        {
            if (!grader.ContainsKey(name)) grader[name] = value?.DeepClone();
            else if (name == "graders" && value is JsonObject parts)
                foreach (var (key, part) in parts) Keep(part!.AsObject(), grader[name]![key]!.AsObject());
        }
    }
}
