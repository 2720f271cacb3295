using System.Text;
using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.ForeignClients;
using RftAspire.Ingestion;
using RftAspire.Judge;
using RftAspire.Services.Tests.Judge;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

/// <summary>
/// Requests and rows as OpenAI's guides and cookbook have them (tests/foreign-clients/cookbook), with nothing but the model's name and the ids
/// of the files put in.
/// </summary>
public sealed class CookbookTests(CookbookTests.JobsAndJudge service) : IClassFixture<CookbookTests.JobsAndJudge>
{
    private const string Graders = "/v1/fine_tuning/alpha/graders/";

    public static TheoryData<string> Recipes() => new(Recipe.Names);

    [RedisTheory, MemberData(nameof(Recipes))]
    public async Task Create_RequestAsItIs_IsTakenAndEchoedWhole(string name)
    {
        var recipe = new Recipe(name);
        var text = recipe.Request("base", await service.UploadFileAsync(recipe.Lines("rows")), await service.UploadFileAsync(recipe.Lines("validation_rows")));

        var job = await (await service.PostJsonAsync("/v1/fine_tuning/jobs", text)).JsonAsync();

        var (sent, stored) = (JsonElement.Parse(text), await (await service.Http.GetAsync("/v1/fine_tuning/jobs/" + job.GetProperty("id").GetString())).JsonAsync());
        Assert.Equal(job.GetRawText(), stored.GetRawText());
        var (asked, echoed) = (sent.GetProperty("method").GetProperty("reinforcement"), stored.GetProperty("method").GetProperty("reinforcement"));
        Assert.Equal(Compact(asked.GetProperty("grader")), Compact(echoed.GetProperty("grader")));
        Assert.Equal(asked.TryGetProperty("response_format", out var format) ? Compact(format) : "null", Compact(echoed.GetProperty("response_format")));
        if (asked.TryGetProperty("hyperparameters", out var hyperparameters)) AssertHas(hyperparameters, echoed.GetProperty("hyperparameters"));
        foreach (var field in sent.EnumerateObject().Where(field => field.Value.ValueKind != JsonValueKind.Null && field.Name != "method"))
            Assert.Equal(Compact(field.Value), Compact(stored.GetProperty(field.Name == "suffix" ? "user_provided_suffix" : field.Name)));
    }

    [RedisTheory, MemberData(nameof(Recipes))]
    public async Task ValidateAndRun_GraderAsItIs_GivesTheExpectedRewards(string name)
    {
        var recipe = new Recipe(name);

        var validated = await (await service.PostJsonAsync(Graders + "validate", $$"""{"grader":{{recipe.Grader.GetRawText()}}}""")).JsonAsync();
        AssertHas(recipe.Grader, validated.GetProperty("grader"));

        foreach (var answer in recipe.Answers)
        {
            // The judges of the request say what the recipe has them say.
            service.Stub.Default = question => StubAnswer.Text(StubAnswer.Judgement(answer.GetProperty("judged").GetProperty(question.Model).GetRawText()));
            var (item, sample) = (recipe.Row(answer.GetProperty("row").GetInt32()).GetRawText(), answer.GetProperty("model_sample").GetRawText());
            var graded = await (await service.PostJsonAsync(Graders + "run", $$"""{"grader":{{recipe.Grader.GetRawText()}},"item":{{item}},"model_sample":{{sample}}}""")).JsonAsync();

            Assert.True(Math.Abs(answer.GetProperty("reward").GetDouble() - graded.GetProperty("reward").GetDouble()) < 1e-9, graded.GetRawText());
            Assert.All(graded.GetProperty("metadata").GetProperty("errors").EnumerateObject(), error => Assert.NotEqual(JsonValueKind.True, error.Value.ValueKind));
        }
    }

    /// <summary>What a job finds when it checks both files with its grader.</summary>
    [Theory, MemberData(nameof(Recipes))]
    public void Check_RowsAsTheyAre_AreAccepted(string name)
    {
        var recipe = new Recipe(name);
        MemoryStream Open(string rows) => new(Encoding.UTF8.GetBytes(recipe.Lines(rows)));

        var report = DatasetChecker.Check(Open("rows"), Open("validation_rows"), new DatasetCheckOptions { Columns = [.. GraderDefinition.Parse(recipe.Grader.GetRawText()).Columns] });

        Assert.Equal((DatasetVerdict.Accept, ""), (report.Verdict, string.Join("; ", report.Findings.Select(finding => finding.Message))));
    }

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
