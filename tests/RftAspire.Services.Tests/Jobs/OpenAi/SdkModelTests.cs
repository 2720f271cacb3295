using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using OpenAI;
using OpenAI.Evals;
using RftAspire.ForeignClients;
using RftAspire.Jobs.Webhooks;
using RftAspire.Services.Tests.Jobs.Chat;
using RftAspire.Services.Tests.Jobs.Webhooks;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

#pragma warning disable OPENAI001 // Evals are all experimental there.

/// <summary>What the official SDKs do with models and graders: evals, answers, and webhooks about them.</summary>
public sealed class SdkModelTests(SdkModelTests.JobsAndModels service) : IClassFixture<SdkModelTests.JobsAndModels>
{
    private string Address => service.Http.BaseAddress + "v1";

    [NodeFact]
    public async Task Node_EvalsOfAllSources_AreRunAndTold()
    {
        if (!RedisServer.IsInstalled) return;
        await using var receiver = await WebhookTests.Receiver.StartAsync();
        var hook = await service.WebhookClient.CreateWebhookAsync(new() { Url = receiver.Url, Events = { WebhookEvents.RunSucceeded } });

        var (exit, output) = await NodeFactAttribute.RunAsync("node", "evals.mjs", Address, service.Key, ChatUnderTest.Model);

        Assert.True(exit == 0, output);
        const string expected = """
            {"eval":["eval","cities","cities","node",2,true],"inline":"completed 3 1 2 0","file":"completed 3 1 2 0","criteria":["exact 1","close 2"],"items":["pass","fail","fail"],"failed":2,"item":["Madrid",false,true],
            "asked":["completed",2,2],"roles":["developer: Name the domains.","user: Title of the act: Fishing"],"answer":5,"done":3,"canceled":"canceled",
            "errors":{"criterion":"BadRequestError 400 invalid_grader testing_criteria[1].evaluation_metric","config":"BadRequestError 400 invalid_value data_source_config","source":"BadRequestError 400 invalid_value data_source.type",
            "model":"BadRequestError 400 invalid_value data_source.model","rows":"BadRequestError 400 invalid_value data_source.source","limit":"BadRequestError 400 invalid_value limit",
            "again":"BadRequestError 400 failed_precondition null","run":"NotFoundError 404 not_found null"},"gone":[true,true,"NotFoundError 404 not_found null"]}
            """;
        Assert.Equal(expected.ReplaceLineEndings(""), output.Trim());
        await AssertUnwrapsAsync(await receiver.NextAsync(), hook.Secret);
    }

    [NodeFact]
    public async Task Node_ModelsAndAnswers_WorkWithTheSdksHelpers()
    {
        if (!RedisServer.IsInstalled) return;
        const string tuned = "ft:base:default:a:0123abcd";
        JobsUnderTest.WriteModel(service.Artifacts.TunedModelFolder(tuned), "{}");

        var (exit, output) = await NodeFactAttribute.RunAsync("node", "answers.mjs", Address, service.Key, ChatUnderTest.Model, tuned);

        Assert.True(exit == 0, output);
        const string expected = """
            {"parsed":"boolean","stream":true,"usage":true,"aborted":"APIUserAbortError","texts":2,"pieces":true,"model":true,"deleted":true,"gone":"NotFoundError 404 not_found null",
            "shared":[0,"BadRequestError 400 unsupported_operation project_ids","NotFoundError 404 not_found null"],"absent":["NotFoundError 404 unknown_url null","NotFoundError 404 unknown_url null","NotFoundError 404 unknown_url null","NotFoundError 404 unknown_url null"],
            "tools":"BadRequestError 400 unsupported_parameter tools"}
            """;
        Assert.Equal(expected.ReplaceLineEndings(""), output.Trim());
    }

    [RedisFact]
    public async Task DotNet_Evals_AreCreatedRunAndDeleted()
    {
        var client = new EvaluationClient(new ApiKeyCredential(service.Key), new OpenAIClientOptions { Endpoint = new Uri(Address) });
        var options = new RequestOptions();
        const string criterion = """{"type":"string_check","name":"exact","operation":"eq","input":"{{sample.output_text}}","reference":"{{item.r}}"}""";

        var eval = Id(await client.CreateEvaluationAsync(Json($$$"""{"name":"net","data_source_config":{"type":"custom","item_schema":{} },"testing_criteria":[{{{criterion}}}]}""")));
        await client.UpdateEvaluationAsync(eval, Json("""{"name":"dotnet"}"""));
        var run = Id(await client.CreateEvaluationRunAsync(eval, Json("""{"data_source":{"type":"jsonl","source":{"type":"file_content","content":[{"item":{"r":"a"},"sample":{"output_text":"a"}}]}}}""")));
        await JobsUnderTest.UntilAsync(async () => Read(await client.GetEvaluationRunAsync(eval, run, options)).GetProperty("status").GetString() == "completed");
        var items = Read(await client.GetEvaluationRunOutputItemsAsync(eval, run, 10, "asc", null, "pass", options)).GetProperty("data");
        var cancelled = await Assert.ThrowsAsync<ClientResultException>(() => client.CancelEvaluationRunAsync(eval, run, options));

        Assert.Equal("dotnet", Read(await client.GetEvaluationAsync(eval, options)).GetProperty("name").GetString());
        Assert.Equal(run, Read(await client.GetEvaluationRunsAsync(eval, 1, "desc", null, "completed", options)).GetProperty("data")[0].GetProperty("id").GetString());
        Assert.Contains(eval, Read(await client.GetEvaluationsAsync(100, "created_at", "desc", null, options)).GetRawText(), StringComparison.Ordinal);
        Assert.Equal("pass", Read(await client.GetEvaluationRunOutputItemAsync(eval, run, items[0].GetProperty("id").GetString(), options)).GetProperty("status").GetString());
        Assert.StartsWith("HTTP 400 (invalid_request_error: failed_precondition)", cancelled.Message, StringComparison.Ordinal);
        await client.DeleteEvaluationRunAsync(eval, run, options);
        await client.DeleteEvaluationAsync(eval, options);
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(() => client.GetEvaluationAsync(eval, options))).Status);
    }

    /// <summary>The SDK takes the delivery as it came, and nothing else for it.</summary>
    private async Task AssertUnwrapsAsync(WebhookTests.Told told, string secret)
    {
        var file = Path.Combine(service.Artifacts.BaseModels, "delivery.json");
        var headers = new Dictionary<string, string> { ["webhook-id"] = told.Id, ["webhook-timestamp"] = told.Timestamp, ["webhook-signature"] = told.Signature };
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { headers, body = told.Body, secret }));

        var (exit, output) = await NodeFactAttribute.RunAsync("node", "webhook.mjs", file);

        Assert.True(exit == 0, output);
        var run = JsonElement.Parse(told.Body).GetProperty("data").GetProperty("id").GetString();
        const string refused = "\"InvalidWebhookSignatureError\"";
        Assert.Equal($"[\"eval.run.succeeded {run}\",{refused},{refused},{refused},{refused}]", output.Trim());
    }

    private static BinaryContent Json(string json) => BinaryContent.Create(BinaryData.FromString(json));

    private static JsonElement Read(ClientResult answer) => JsonElement.Parse(answer.GetRawResponse().Content);

    private static string Id(ClientResult answer) => Read(answer).GetProperty("id").GetString()!;

    public sealed class JobsAndModels : ChatUnderTest
    {
        protected override bool HasGrading => true;
    }
}
