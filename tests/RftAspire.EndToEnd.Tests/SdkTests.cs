#pragma warning disable OPENAI001 // Fine-tuning is marked as under evaluation in the SDK.
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Files;
using OpenAI.FineTuning;
using OpenAI.Graders;
using RftAspire.ForeignClients;

namespace RftAspire.EndToEnd.Tests;

/// <summary>The official SDKs, with nothing changed but address, key and model, from the files of a job to the tuned model's answers.</summary>
[Collection(Platform.OneAtATime)]
public sealed class SdkTests : IAsyncLifetime
{
    private const int TrainingRows = 16, ValidationRows = 6;
    private readonly string _folder = Directory.CreateTempSubdirectory("rft-sdk-").FullName;
    private Platform _platform = null!;

    private string Train => Path.Combine(_folder, "train.jsonl");
    private string Valid => Path.Combine(_folder, "valid.jsonl");

    public async Task InitializeAsync()
    {
        await File.WriteAllLinesAsync(Train, File.ReadLines(Path.Combine(Platform.Sample, "train.jsonl")).Take(TrainingRows));
        await File.WriteAllLinesAsync(Valid, File.ReadLines(Path.Combine(Platform.Sample, "valid.jsonl")).Take(ValidationRows));
        _platform = await Platform.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _platform.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [NodeFact]
    public async Task Sdks_OfNodeAndDotNet_TuneAModelAndAskIt()
    {
        using var rest = _platform.Rest();
        var address = new Uri(rest.BaseAddress!, "v1");

        var (exit, output) = await NodeFactAttribute.RunAsync("node", "tune.mjs", address.ToString(), _platform.Key, Train, Valid, Platform.Model);
        Assert.True(exit == 0, output);
        Assert.Equal(
            """
            {"validated":"multi","reward":1,"parts":{"labels":1,"length":1},"paused":"paused","stands":"paused","resumed":true,"status":"succeeded","error":null,"name":true,"trained":true,"steps":16,"unique":true,"best":3,"kept":true,"csv":true,"decision":true,"finish":"stop","same":true,"usage":true,"tokens":true,"choices":2,"cancelled":"cancelled","listed":true,"model":true,"deleted":true}
            """,
            output.Trim());

        await TuneWithDotNetAsync(new OpenAIClient(new ApiKeyCredential(_platform.Key), new OpenAIClientOptions { Endpoint = address }));
    }

    [PythonFact]
    public async Task Python_FromReflectionAlone_CallsEveryMethod()
    {
        var (exit, output) = await PythonFactAttribute.RunAsync(
            "surface.py", $"{_platform.Address.Host}:{_platform.Address.Port}", _platform.Key, Train, Valid, Path.Combine(Platform.Sample, "grader.json"), Platform.Model);

        Assert.True(exit == 0, output);
        Assert.Equal(
            """
            {"health": "SERVING", "file": true, "listed": true, "bytes": true, "grader": "label_set", "reward": 1.0, "tested": 1.0, "paused": "JOB_STATE_PAUSED", "watched": true, "state": "JOB_STATE_SUCCEEDED", "jobs": true, "newest": true, "kept": [6, 3], "rollouts": 32, "lineage": true, "cancelled": "JOB_STATE_CANCELLED", "chat": true, "models": true, "model": true, "export": true, "deleted": "NOT_FOUND", "eval": "renamed1", "run": ["EVAL_RUN_STATE_COMPLETED", 4, 4], "items": "user", "ended": "FAILED_PRECONDITION", "hooks": true, "keys": true, "limit": 5, "audit": true, "gone": "NOT_FOUND", "no key": "UNAUTHENTICATED", "missing": []}
            """,
            output.Trim());
    }

    [NodeFact]
    public async Task Node_FromTheProtosAlone_CallsEveryMethod()
    {
        string Protos(params string[] project) => Path.Combine([NodeFactAttribute.Repository, "src", .. project, "Protos"]);

        var (exit, output) = await NodeFactAttribute.RunAsync(
            "node", "surface.js", _platform.Address.Authority, _platform.Key, Protos("RftAspire.Contracts"), Protos("Embedded", "RftAspire.Embedded.Grpc"),
            Train, Valid, Path.Combine(Platform.Sample, "grader.json"), Platform.Model);

        Assert.True(exit == 0, output);
        Assert.Equal(
            """
            {"health":"SERVING","watched":["SERVING"],"rows":16,"file":true,"listed":true,"bytes":true,"grader":"label_set","reward":1,"tested":1,"refused":["INVALID_ARGUMENT",["model","grader_json"]],"seen":["JOB_STATE_VALIDATING","graderChecked","JOB_STATE_QUEUED","JOB_STATE_RUNNING","evalCompleted","stepTrained"],"late":"DEADLINE_EXCEEDED","gapless":true,"state":"JOB_STATE_SUCCEEDED","jobs":[true],"newest":true,"kept":true,"rollouts":32,"lineage":true,"cancelled":"JOB_STATE_CANCELLED","again":"FAILED_PRECONDITION","chat":true,"hurried":1,"models":true,"model":true,"export":true,"deleted":"NOT_FOUND","eval":"renamed","evals":true,"run":["EVAL_RUN_STATE_COMPLETED",4],"item":"user","ended":"FAILED_PRECONDITION","hooks":true,"keys":[true],"viewer":"PERMISSION_DENIED","limit":1,"wait":true,"revoked":"UNAUTHENTICATED","audit":true,"gone":"NOT_FOUND","strange":["UNAUTHENTICATED",true],"unknown":[],"missing":[]}
            """,
            output.Trim());
    }

    private async Task TuneWithDotNetAsync(OpenAIClient client)
    {
        var files = client.GetOpenAIFileClient();
        var (training, validation) = (await UploadAsync(files, Train), await UploadAsync(files, Valid));
        await RunGraderAsync(client.GetGraderClient());
        var tuning = client.GetFineTuningClient();

        var job = await tuning.FineTuneAsync(Body(training, validation), waitUntilCompleted: false, new RequestOptions());
        while (!await job.GetEventsAsync(new GetEventsOptions()).AnyAsync(happened => happened.Message.StartsWith("Step ", StringComparison.Ordinal))) await Task.Delay(100);
        await tuning.PauseFineTuningJobAsync(job.JobId, new RequestOptions());
        await job.UpdateStatusAsync();
        Assert.Equal("paused", job.Status.ToString());
        await tuning.ResumeFineTuningJobAsync(job.JobId, new RequestOptions());
        await job.WaitForCompletionAsync();

        Assert.Equal(FineTuningStatus.Succeeded, job.Status);
        var events = await job.GetEventsAsync(new GetEventsOptions { PageSize = 5 }).ToListAsync();
        Assert.Equal(events.Count, events.Select(happened => happened.Id).Distinct().Count());
        // The best three, and what the job was paused at.
        Assert.InRange((await job.GetCheckpointsAsync(new GetCheckpointsOptions { PageSize = 2 }).ToListAsync()).Count, 3, 4);
        await AskAsync(client.GetChatClient(job.Value));

        var other = await tuning.FineTuneAsync(Body(training, validation), waitUntilCompleted: false, new RequestOptions());
        await other.CancelAndUpdateAsync();
        Assert.Equal(FineTuningStatus.Cancelled, other.Status);
        var listed = await tuning.GetJobsAsync(new FineTuningJobCollectionOptions { PageSize = 2 }).Select(one => one.JobId).ToListAsync();
        Assert.Equal(other.JobId, listed[0]);
        Assert.Contains(job.JobId, listed);
        foreach (var id in (string[])[training, validation]) Assert.True((await files.DeleteFileAsync(id)).Value.Deleted);
    }

    private static async Task<string> UploadAsync(OpenAIFileClient files, string path) =>
        (await files.UploadFileAsync(path, FileUploadPurpose.FineTune)).Value.Id;

    private static async Task RunGraderAsync(GraderClient graders)
    {
        var grader = JsonNode.Parse(Platform.Grader)!;
        var validated = await graders.ValidateGraderAsync(BinaryContent.Create(BinaryData.FromString(new JsonObject { ["grader"] = grader.DeepClone() }.ToJsonString())));
        Assert.Equal("label_set", JsonDocument.Parse(validated.GetRawResponse().Content).RootElement.GetProperty("grader").GetProperty("type").GetString());
        var request = new JsonObject { ["grader"] = grader, ["item"] = new JsonObject { ["labels"] = new JsonArray("a") }, ["model_sample"] = """{"labels":["a"]}""" };
        var run = await graders.RunGraderAsync(BinaryContent.Create(BinaryData.FromString(request.ToJsonString())));
        Assert.Equal(1, JsonDocument.Parse(run.GetRawResponse().Content).RootElement.GetProperty("reward").GetDouble());
    }

    private static async Task AskAsync(ChatClient chat)
    {
        const string schema = """{"type":"object","properties":{"decision":{"type":"string","enum":["approve","deny"]}},"required":["decision"],"additionalProperties":false}""";
        var options = new ChatCompletionOptions
        {
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("answer", BinaryData.FromString(schema), jsonSchemaIsStrict: true),
            MaxOutputTokenCount = 40,
            Seed = 3,
        };
        ChatMessage[] messages = [new UserChatMessage("Council Regulation on fishing")];

        var whole = (await chat.CompleteChatAsync(messages, options)).Value;
        var streamed = "";
        await foreach (var update in chat.CompleteChatStreamingAsync(messages, options)) streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));

        Assert.Contains(JsonDocument.Parse(whole.Content[0].Text).RootElement.GetProperty("decision").GetString(), (string[])["approve", "deny"]);
        Assert.Equal(ChatFinishReason.Stop, whole.FinishReason);
        Assert.Equal(whole.Content[0].Text, streamed);
    }

    private static BinaryContent Body(string training, string validation) => BinaryContent.Create(BinaryData.FromString(new JsonObject
    {
        ["model"] = Platform.Model,
        ["training_file"] = training,
        ["validation_file"] = validation,
        ["suffix"] = "dotnet",
        ["method"] = new JsonObject
        {
            ["type"] = "reinforcement",
            ["reinforcement"] = new JsonObject
            {
                ["grader"] = new JsonObject
                {
                    ["type"] = "multi",
                    ["name"] = "labels",
                    ["graders"] = new JsonObject { ["f1"] = JsonNode.Parse(Platform.Grader)!.AsObject() },
                    ["calculate_output"] = "f1",
                },
                ["hyperparameters"] = new JsonObject { ["n_epochs"] = 8, ["batch_size"] = 8, ["compute_multiplier"] = 0.5, ["eval_interval"] = 4, ["eval_samples"] = 1, ["max_completion_tokens"] = 24 },
            },
        },
    }.ToJsonString()));
}
