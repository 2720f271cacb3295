using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Messages;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

public sealed class FineTuningRouteTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private const string Jobs = "/v1/fine_tuning/jobs";
    private const string Grader = """{"type":"string_check","name":"exact","input":"{{sample.output_text}}","reference":"{{item.answer}}","operation":"eq","made_up":{"a":[1]},"pass_threshold":0.5}""";

    [RedisFact]
    public async Task Create_Reinforcement_AnswersAsTheContractHasIt()
    {
        var file = await service.UploadFileAsync();

        var job = await CreateAsync($$$"""
            {"model":"base","training_file":"{{{file}}}","validation_file":"{{{file}}}","suffix":"demo","seed":42,"metadata":{"team":"lab"},"what_is_this":1,
             "integrations":[{"type":"wandb","wandb":{"project":"p","tags":["t"]}}],
             "method":{"type":"reinforcement","reinforcement":{"grader":{{{Grader}}},
               "hyperparameters":{"n_epochs":2,"batch_size":"auto","compute_multiplier":1.5,"eval_interval":5,"max_completion_tokens":16},
               "response_format":{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object"} } } } } }
            """);

        Assert.Equal(
            ["object", "id", "model", "created_at", "finished_at", "fine_tuned_model", "organization_id", "result_files", "status", "training_file", "validation_file", "trained_tokens", "error",
                "user_provided_suffix", "seed", "estimated_finish", "integrations", "hyperparameters", "method", "metadata", "usage_metrics", "shared_with_openai", "eval_id"],
            job.EnumerateObject().Select(field => field.Name));
        Assert.Equal("""
            {"object":"fine_tuning.job","id":"@ID","model":"base","created_at":@CREATED,"finished_at":null,"fine_tuned_model":null,
            "organization_id":"org-default","result_files":[],"status":"validating_files","training_file":"@FILE","validation_file":"@FILE","trained_tokens":null,"error":null,
            "user_provided_suffix":"demo","seed":42,"estimated_finish":null,"integrations":[{"type":"wandb","wandb":{"project":"p","tags":["t"]}}],"hyperparameters":null,
            "method":{"type":"reinforcement","reinforcement":{"grader":@GRADER,
            "hyperparameters":{"n_epochs":2,"batch_size":"auto","learning_rate_multiplier":"auto","compute_multiplier":1.5,"eval_interval":5,"eval_samples":"auto","reasoning_effort":"default","max_completion_tokens":16},
            "response_format":{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object"}}}}},
            "metadata":{"team":"lab"},"usage_metrics":null,"shared_with_openai":false,"eval_id":null}
            """.ReplaceLineEndings("").Replace("@ID", Text(job, "id"), StringComparison.Ordinal).Replace("@CREATED", job.GetProperty("created_at").GetRawText(), StringComparison.Ordinal)
                .Replace("@FILE", file, StringComparison.Ordinal).Replace("@GRADER", Grader, StringComparison.Ordinal), job.GetRawText());
        Assert.Equal(job.GetRawText(), (await GetAsync(Text(job, "id"))).GetRawText());
    }

    [RedisTheory]
    [InlineData("""{"n_epochs":3,"batch_size":2}""", null)]
    [InlineData(null, """{"type":"supervised","supervised":{"hyperparameters":{"n_epochs":3,"batch_size":2}}}""")]
    public async Task Create_Supervised_EchoesTheHyperparametersInBothPlaces(string? deprecated, string? method)
    {
        var file = await service.UploadFileAsync();

        var job = await CreateAsync($$"""{"model":"base","training_file":"{{file}}","hyperparameters":{{deprecated ?? "null"}},"method":{{method ?? "null"}}}""");

        const string echo = """{"n_epochs":3,"batch_size":2,"learning_rate_multiplier":"auto"}""";
        Assert.Equal(echo, job.GetProperty("hyperparameters").GetRawText());
        Assert.Equal($$$"""{"type":"supervised","supervised":{"hyperparameters":{{{echo}}}}}""", job.GetProperty("method").GetRawText());
        Assert.Equal(("null", "null", "[]"), (job.GetProperty("metadata").GetRawText(), job.GetProperty("user_provided_suffix").GetRawText(), job.GetProperty("integrations").GetRawText()));
        Assert.InRange(job.GetProperty("seed").GetInt32(), 0, int.MaxValue);
    }

    [RedisTheory]
    [InlineData("model", "5", "model", "invalid_type")]
    [InlineData("model", "\"nothing\"", "model", "model_not_found")]
    [InlineData("model", null, "model", "missing_required_parameter")]
    [InlineData("training_file", "\"file-none\"", "training_file", "file_not_found")]
    [InlineData("training_file", "\"../../etc\"", "training_file", "file_not_found")]
    [InlineData("validation_file", "[]", "validation_file", "invalid_type")]
    [InlineData("seed", "-1", "seed", "invalid_value")]
    [InlineData("seed", "2147483648", "seed", "invalid_value")]
    [InlineData("suffix", "\"a b\"", "suffix", "invalid_value")]
    [InlineData("metadata", "{\"a\":1}", "metadata.a", "invalid_type")]
    [InlineData("metadata", "{\"\":\"1\"}", "metadata", "invalid_value")]
    [InlineData("integrations", "[{\"type\":\"wandb\"}]", "integrations[0].wandb", "missing_required_parameter")]
    [InlineData("method", "{\"type\":\"dpo\",\"dpo\":{}}", "method.type", "unsupported_method")]
    [InlineData("method", "{\"type\":\"magic\"}", "method.type", "unsupported_method")]
    [InlineData("method", "{\"type\":\"reinforcement\"}", "method.reinforcement", "missing_required_parameter")]
    [InlineData("method", "{\"type\":\"reinforcement\",\"reinforcement\":{\"grader\":{\"type\":\"oracle\"}}}", "method.reinforcement.grader.type", "invalid_grader")]
    [InlineData("grader", "{\"type\":\"multi\",\"graders\":{\"a\":{\"type\":\"string_check\"}},\"calculate_output\":\"a\"}", "method.reinforcement.grader.graders.a.input", "invalid_grader")]
    [InlineData("n_epochs", "51", "method.reinforcement.hyperparameters.n_epochs", "invalid_value")]
    [InlineData("n_epochs", "1.5", "method.reinforcement.hyperparameters.n_epochs", "invalid_value")]
    [InlineData("n_epochs", "\"many\"", "method.reinforcement.hyperparameters.n_epochs", "invalid_type")]
    [InlineData("batch_size", "0", "method.reinforcement.hyperparameters.batch_size", "invalid_value")]
    [InlineData("batch_size", "257", "method.reinforcement.hyperparameters.batch_size", "invalid_value")]
    [InlineData("learning_rate_multiplier", "0", "method.reinforcement.hyperparameters.learning_rate_multiplier", "invalid_value")]
    [InlineData("compute_multiplier", "10.5", "method.reinforcement.hyperparameters.compute_multiplier", "invalid_value")]
    [InlineData("eval_interval", "0", "method.reinforcement.hyperparameters.eval_interval", "invalid_value")]
    [InlineData("eval_samples", "0", "method.reinforcement.hyperparameters.eval_samples", "invalid_value")]
    [InlineData("reasoning_effort", "\"extreme\"", "method.reinforcement.hyperparameters.reasoning_effort", "invalid_value")]
    [InlineData("epochs", "3", "method.reinforcement.hyperparameters.epochs", "unknown_parameter")]
    [InlineData("hyperparameters", "{\"n_epochs\":3}", "hyperparameters", "unsupported_parameter")]
    [InlineData("max_episode_steps", "3", "method.reinforcement.max_episode_steps", "unsupported_parameter")]
    [InlineData("tools", "[{}]", "method.reinforcement.tools", "unsupported_parameter")]
    [InlineData("response_format", "{\"type\":\"poem\"}", "method.reinforcement.response_format", "invalid_value")]
    public async Task Create_FaultyField_IsNamed(string field, string? value, string param, string code)
    {
        var body = Body(await service.UploadFileAsync());
        var inner = body["method"]!["reinforcement"]!.AsObject();
        var place = field is "grader" or "response_format" or "tools" or "max_episode_steps" ? inner : body.ContainsKey(field) || field is "hyperparameters" or "seed" or "suffix" or "metadata" or "integrations" or "validation_file" ? body : inner["hyperparameters"]!.AsObject();
        if (value is null) place.Remove(field);
        else place[field] = JsonNode.Parse(value);

        var error = await (await service.PostJsonAsync(Jobs, body.ToJsonString())).ErrorAsync(400);

        Assert.Equal((param, code), (error.Param, error.Code));
    }

    [RedisFact]
    public async Task Create_ResponseFormatFlatAndGradersAsArray_AreTaken()
    {
        var body = Body(await service.UploadFileAsync());
        body["method"]!["reinforcement"]!["response_format"] = JsonNode.Parse("""{"type":"json_schema","name":"a","strict":true,"schema":{"type":"object"}}""");
        body["method"]!["reinforcement"]!["grader"] = JsonNode.Parse($$"""{"type":"multi","graders":[{{Grader}}],"calculate_output":"exact"}""");

        var job = await CreateAsync(body.ToJsonString());

        Assert.Equal(body["method"]!["reinforcement"]!["grader"]!.ToJsonString(), JsonNode.Parse(job.GetProperty("method").GetProperty("reinforcement").GetProperty("grader").GetRawText())!.ToJsonString());
    }

    [RedisFact]
    public async Task Create_IdempotencyKey_IsOneJobOrAConflictThatIsNotRetried()
    {
        var body = Body(await service.UploadFileAsync()).ToJsonString();
        var other = Body(await service.UploadFileAsync()).ToJsonString();
        var key = ("Idempotency-Key", "mine-" + Guid.NewGuid());

        var first = await (await service.PostJsonAsync(Jobs, body, key)).JsonAsync();
        var again = await (await service.PostJsonAsync(Jobs, body, key)).JsonAsync();
        var reused = await service.PostJsonAsync(Jobs, other, key);

        Assert.Equal(first.GetRawText(), again.GetRawText());
        Assert.Equal("false", reused.Headers.GetValues("x-should-retry").Single());
        Assert.Equal("idempotency_key_reused", (await reused.ErrorAsync(409)).Code);
        Assert.Equal("Idempotency-Key", (await (await service.PostJsonAsync(Jobs, body, ("Idempotency-Key", new string('k', 256)))).ErrorAsync(400)).Param);
    }

    [RedisFact]
    public async Task Create_SameBytes_AreTwoJobsUnlessTheSdkTriesAgain()
    {
        var body = Body(await service.UploadFileAsync()).ToJsonString();

        var first = Text(await CreateAsync(body), "id");
        var second = Text(await (await service.PostJsonAsync(Jobs, body, ("x-stainless-retry-count", "0"))).JsonAsync(), "id");
        var retried = Text(await (await service.PostJsonAsync(Jobs, body, ("x-stainless-retry-count", "1"))).JsonAsync(), "id");

        Assert.NotEqual(first, second);
        Assert.Equal(second, retried);
    }

    [RedisFact]
    public async Task List_Metadata_FiltersAndPages()
    {
        var file = await service.UploadFileAsync();
        async Task<string> NewAsync(string metadata)
        {
            var body = Body(file);
            body["metadata"] = JsonNode.Parse(metadata);
            return Text(await CreateAsync(body.ToJsonString()), "id");
        }
        string[] ids = [await NewAsync("""{"run":"x [1]","k":""}"""), await NewAsync("""{"run":"y"}"""), await NewAsync("""{"run":"x [1]"}""")];

        async Task<string[]> ListAsync(string query) => [.. (await (await service.Http.GetAsync(Jobs + query)).JsonAsync()).GetProperty("data").EnumerateArray().Select(job => Text(job, "id"))];

        Assert.Equal([ids[2], ids[0]], await ListAsync("?metadata%5Brun%5D=x%20%5B1%5D"));
        Assert.Equal([ids[0]], await ListAsync("?metadata[k]="));
        Assert.DoesNotContain(ids[0], await ListAsync("?metadata=null&limit=100"));
        var first = await (await service.Http.GetAsync(Jobs + "?metadata[run]=x%20[1]&limit=1")).JsonAsync();
        Assert.True(first.GetProperty("has_more").GetBoolean());
        Assert.Equal([ids[0]], await ListAsync($"?metadata[run]=x%20[1]&limit=1&after={ids[2]}"));
        Assert.Equal("limit", (await (await service.Http.GetAsync(Jobs + "?limit=101")).ErrorAsync(400)).Param);
        Assert.Equal("after", (await (await service.Http.GetAsync(Jobs + "?after=ftjob-none")).ErrorAsync(400)).Param);
    }

    [RedisFact]
    public async Task Events_PageByPage_AreAllOfThemOnce()
    {
        var id = Text(await CreateAsync(Body(await service.UploadFileAsync()).ToJsonString()), "id");
        foreach (var message in (object[])[
            new DatasetsIngested(id, 3, 1, [new DatasetFinding(2, "odd", "is odd")]), new GraderAccepted(id, []), new TrainingStarted(id, 2),
            new StepTrained(id, 1, 2, new() { ["reward/mean"] = 0.5 }), new EvalCompleted(id, 1, new() { ["reward/greedy"] = 0.25, ["reward/sampled"] = 0.25 }),
            new JobFailed(id, "diverged", "no finite number")]) await service.PublishAsync(message);
        await service.UntilAsync(id, "failed");

        var whole = await PageAsync(id, "limit=100");
        var pages = new List<JsonElement>();
        for (var after = ""; ;)
        {
            var page = await PageAsync(id, "limit=3" + after);
            pages.AddRange(page.GetProperty("data").EnumerateArray());
            if (!page.GetProperty("has_more").GetBoolean()) break;
            after = "&after=" + Text(page, "last_id");
        }

        Assert.Equal(whole.GetProperty("data").EnumerateArray().Select(happened => Text(happened, "id")), pages.Select(happened => Text(happened, "id")));
        var messages = pages.Select(happened => Text(happened, "message")).ToList();
        Assert.StartsWith("Step 1/2 , full validation mean reward=0.25", messages[1], StringComparison.Ordinal);
        Assert.Equal(
            ["The job failed: no finite number (diverged)", "Step 1/2 , train mean reward=0.50", "Fine-tuning job started", "Files validated, moving job to queued state",
                "Grader checked on worthless answers: ", "dataset warnings: line 2: is odd"],
            messages[..^2].Where((_, i) => i != 1));
        Assert.StartsWith("Validating training file: file-", Text(pages[^2], "message"), StringComparison.Ordinal);
        Assert.Equal($"Created fine-tuning job: {id}", Text(pages[^1], "message"));
        Assert.Equal(("error", "metrics", "warn"), (Text(pages[0], "level"), Text(pages[1], "type"), Text(pages[6], "level")));
        Assert.Equal("after", (await (await service.Http.GetAsync($"{Jobs}/{id}/events?after=ftevent-1-1")).ErrorAsync(400)).Param);
        var job = await GetAsync(id);
        Assert.Equal("""{"code":"diverged","message":"no finite number","param":null}""", job.GetProperty("error").GetRawText());
    }

    [RedisFact]
    public async Task Cancel_EndedJob_IsABadRequest()
    {
        var id = Text(await CreateAsync(Body(await service.UploadFileAsync()).ToJsonString()), "id");
        await service.PublishAsync(new JobFailed(id, "x", "y"));
        await service.UntilAsync(id, "failed");

        Assert.Equal("failed_precondition", (await (await service.PostJsonAsync($"{Jobs}/{id}/cancel", "")).ErrorAsync(400)).Code);
        await (await service.PostJsonAsync($"{Jobs}/{id}/resume", "")).ErrorAsync(400);
    }

    [RedisTheory, InlineData("GET", ""), InlineData("POST", "/cancel"), InlineData("POST", "/pause"), InlineData("POST", "/resume"), InlineData("GET", "/events"), InlineData("GET", "/checkpoints")]
    public async Task Any_UnknownJob_IsNotFound(string method, string path)
    {
        var answer = await service.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"{Jobs}/ftjob-none{path}"));

        Assert.Equal("not_found", (await answer.ErrorAsync(404)).Code);
    }

    [RedisTheory]
    [InlineData("{\"model\":\"base\",\"model\":\"base\"}")]
    [InlineData("{\"model\":")]
    [InlineData("")]
    [InlineData("[]")]
    public async Task Create_UnsoundJson_IsRefused(string body) => Assert.Equal("invalid_json", (await (await service.PostJsonAsync(Jobs, body)).ErrorAsync(400)).Code);

    [RedisTheory, InlineData(null), InlineData("text/plain")]
    public async Task Create_BodyThatSaysToBeNoJson_IsToldWhatToSend(string? type)
    {
        var content = new ByteArrayContent("{}"u8.ToArray()) { Headers = { ContentType = type is null ? null : new(type) } };

        Assert.Contains((await (await service.Http.PostAsync(Jobs, content)).ErrorAsync(400)).Code!, s_noJson);
    }

    [RedisFact]
    public async Task Create_AMegabyteOfBrackets_IsRefusedAndTheServiceLives()
    {
        var deep = "{\"model\":" + new string('[', 1 << 20) + new string(']', 1 << 20) + "}";

        Assert.Equal("invalid_json", (await (await service.PostJsonAsync(Jobs, deep)).ErrorAsync(400)).Code);
        Assert.Equal("body_too_large", (await (await service.PostJsonAsync(Jobs, new string(' ', 9 << 20))).ErrorAsync(413)).Code);
        Assert.Equal(System.Net.HttpStatusCode.OK, (await service.Http.GetAsync("/health")).StatusCode);
    }

    // Without a type the body is read, and lacks its fields.
    private static readonly HashSet<string> s_noJson = ["unsupported_content_type", "missing_required_parameter"];

    private async Task<JsonElement> CreateAsync(string body) => await (await service.PostJsonAsync(Jobs, body)).JsonAsync();

    private async Task<JsonElement> GetAsync(string id) => await (await service.Http.GetAsync($"{Jobs}/{id}")).JsonAsync();

    private async Task<JsonElement> PageAsync(string id, string query) => await (await service.Http.GetAsync($"{Jobs}/{id}/events?{query}")).JsonAsync();

    private static JsonObject Body(string file) => JsonNode.Parse($$$"""
        {"model":"base","training_file":"{{{file}}}","method":{"type":"reinforcement","reinforcement":{"grader":{{{Grader}}},"hyperparameters":{} } } }
        """)!.AsObject();

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
