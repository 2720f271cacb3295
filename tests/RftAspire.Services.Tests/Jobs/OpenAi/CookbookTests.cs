using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Graders;
using RftAspire.Ingestion;
using RftAspire.Judge;
using RftAspire.Services.Tests.Architecture;
using RftAspire.Services.Tests.Judge;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

/// <summary>
/// Requests and rows as OpenAI's guides and cookbook have them (tests/foreign-clients/cookbook), with nothing but the model's name and the ids
/// of the files put in.
/// </summary>
public sealed class CookbookTests(CookbookTests.JobsAndJudge service) : IClassFixture<CookbookTests.JobsAndJudge>
{
    private const string Graders = "/v1/fine_tuning/alpha/graders/";

    public static TheoryData<string> Recipes() => new(Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal));

    private static string Folder => Path.Combine(Repository.Root.FullName, "tests", "foreign-clients", "cookbook");

    [RedisTheory, MemberData(nameof(Recipes))]
    public async Task Create_RequestAsItIs_IsTakenAndEchoedWhole(string name)
    {
        var recipe = Read(name);
        var (training, validation) = (await service.UploadFileAsync(Lines(recipe, "rows")), await service.UploadFileAsync(Lines(recipe, "validation_rows")));
        var text = recipe.GetProperty("request").GetRawText().Replace("o4-mini-2025-04-16", "base", StringComparison.Ordinal)
            .Replace("file-TRAIN", training, StringComparison.Ordinal).Replace("file-VALID", validation, StringComparison.Ordinal);

        var job = await (await service.PostJsonAsync("/v1/fine_tuning/jobs", text)).JsonAsync();

        var (sent, stored) = (JsonElement.Parse(text), await (await service.Http.GetAsync("/v1/fine_tuning/jobs/" + job.GetProperty("id").GetString())).JsonAsync());
        Assert.Equal(job.GetRawText(), stored.GetRawText());
        var (asked, echoed) = (sent.GetProperty("method").GetProperty("reinforcement"), stored.GetProperty("method").GetProperty("reinforcement"));
        Assert.Equal(Compact(asked.GetProperty("grader")), Compact(echoed.GetProperty("grader")));
        Assert.Equal(asked.TryGetProperty("response_format", out var format) ? Compact(format) : "null", Compact(echoed.GetProperty("response_format")));
        if (asked.TryGetProperty("hyperparameters", out var hyperparameters)) AssertHas(hyperparameters, echoed.GetProperty("hyperparameters"));
        foreach (var field in sent.EnumerateObject().Where(field => field.Value.ValueKind != JsonValueKind.Null && field.Name is not ("method" or "suffix")))
            Assert.Equal(Compact(field.Value), Compact(stored.GetProperty(field.Name)));
    }

    [RedisTheory, MemberData(nameof(Recipes))]
    public async Task ValidateAndRun_GraderAsItIs_GivesTheExpectedRewards(string name)
    {
        var recipe = Read(name);
        var grader = recipe.GetProperty("request").GetProperty("method").GetProperty("reinforcement").GetProperty("grader");

        var validated = await (await service.PostJsonAsync(Graders + "validate", $$"""{"grader":{{grader.GetRawText()}}}""")).JsonAsync();
        AssertHas(grader, validated.GetProperty("grader"));

        foreach (var answer in recipe.GetProperty("answers").EnumerateArray())
        {
            // The judges of the request say what the recipe has them say.
            service.Stub.Default = question => StubAnswer.Text(StubAnswer.Judgement(answer.GetProperty("judged").GetProperty(question.Model).GetRawText()));
            var run = new JsonObject
            {
                ["grader"] = JsonNode.Parse(grader.GetRawText()),
                ["item"] = JsonNode.Parse(recipe.GetProperty("rows")[answer.GetProperty("row").GetInt32()].GetRawText()),
                ["model_sample"] = answer.GetProperty("model_sample").GetString(),
            };
            var graded = await (await service.PostJsonAsync(Graders + "run", run.ToJsonString())).JsonAsync();

            Assert.True(Math.Abs(answer.GetProperty("reward").GetDouble() - graded.GetProperty("reward").GetDouble()) < 1e-9, graded.GetRawText());
            Assert.All(graded.GetProperty("metadata").GetProperty("errors").EnumerateObject(), error => Assert.NotEqual(JsonValueKind.True, error.Value.ValueKind));
        }
    }

    /// <summary>What a job finds when it checks both files with its grader.</summary>
    [Theory, MemberData(nameof(Recipes))]
    public void Check_RowsAsTheyAre_AreAccepted(string name)
    {
        var recipe = Read(name);
        var grader = GraderDefinition.Parse(recipe.GetProperty("request").GetProperty("method").GetProperty("reinforcement").GetProperty("grader").GetRawText());

        var report = DatasetChecker.Check(Stream("rows"), Stream("validation_rows"), new DatasetCheckOptions { Columns = [.. grader.Columns] });

        Assert.Equal((DatasetVerdict.Accept, ""), (report.Verdict, string.Join("; ", report.Findings.Select(finding => finding.Message))));

        MemoryStream Stream(string rows) => new(Encoding.UTF8.GetBytes(Lines(recipe, rows)));
    }

    private static JsonElement Read(string name) => JsonElement.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")));

    private static string Lines(JsonElement recipe, string rows) => string.Join('\n', recipe.GetProperty(rows).EnumerateArray().Select(Compact));

    private static string Compact(JsonElement json) => JsonSerializer.Serialize(json);

    /// <summary>Every field that was given is there with its value, beside others that were filled in.</summary>
    private static void AssertHas(JsonElement given, JsonElement found)
    {
        foreach (var field in given.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Object) AssertHas(field.Value, found.GetProperty(field.Name));
            else Assert.Equal(Compact(field.Value), Compact(found.GetProperty(field.Name)));
        }
    }

    /// <summary>Jobs before the real Grading and Judge, whose models a stub plays.</summary>
    public sealed class JobsAndJudge : JobsUnderTest
    {
        private ListeningService<JudgeOptions>? _judge;

        public StubChatServer Stub { get; private set; } = null!;

        protected override bool HasGrading => true;

        protected override string JudgeAddress => (_judge ??= ListeningService<JudgeOptions>.Start(
            Artifacts, ("ConnectionStrings:redis", Redis.ConnectionString), ("Judge:CacheLifetime", "00:00:00"), ("Judge:Endpoint", Stub.Endpoint.ToString()), ("Judge:ApiKey", "sk-stub"))).Address;

        public override async Task InitializeAsync()
        {
            Stub = await StubChatServer.StartAsync();
            await base.InitializeAsync();
        }

        public override async Task DisposeAsync()
        {
            await base.DisposeAsync();
            if (_judge is not null) await _judge.DisposeAsync();
            await Stub.DisposeAsync();
        }
    }
}
