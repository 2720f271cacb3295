using RftAspire.Cli;
using RftAspire.Cli.Platform;
using RftAspire.Client;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Grading;
using RftAspire.Grading.Workbench;

namespace RftAspire.Services.Tests.Cli;

public sealed class GraderCommandTests : IDisposable
{
    private const string F1 = """{"type":"label_set","name":"f1","reference":"{{item.labels}}"}""";
    private readonly ScratchFolder _folder = new();

    public GraderCommandTests()
    {
        _folder.Write("grader.json", F1);
        _folder.Write("data.jsonl", $"{Row("red", 1)}\n\n{Row("green", 0)}\n{Row("red", 0)}");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Validate_SoundGrader_TellsDefaultsAndColumns()
    {
        var run = await RunAsync("validate", "grader.json", "--data", "data.jsonl", "--json");

        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        var grader = run.Json.GetProperty("grader");
        Assert.Equal(("label_set", "f1", 1, "labels"), (grader.GetProperty("type").GetString(), grader.GetProperty("name").GetString(), grader.GetProperty("beta").GetInt32(), grader.GetProperty("output").GetString()));
        Assert.Equal("labels", run.Json.GetProperty("columns")[0].GetProperty("path").GetString());
        Assert.Equal("accept", run.Json.GetProperty("data").GetProperty("verdict").GetString());
    }

    [Theory]
    [InlineData("""{"type":"multi","graders":{"a":{"type":"endpoint","url":"http://example.com/"}},"calculate_output":"a"}""", "$.graders.a.url", "Grading:AllowedHosts")]
    public async Task Validate_WhatTheDefinitionAloneDoesNotTell_IsFound(string grader, string path, string part)
    {
        _folder.Write("grader.json", grader);

        var run = await RunAsync("validate", "grader.json");

        Assert.NotEqual(ExitCode.Ok, run.Code);
        Assert.Contains(path, run.Error, StringComparison.Ordinal);
        Assert.Contains(part, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_DataWithoutTheColumn_Fails()
    {
        _folder.Write("bare.jsonl", """{"messages":[{"role":"user","content":"hi"}]}""");

        var run = await RunAsync("validate", "grader.json", "--data", "bare.jsonl");

        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Contains("line 1, missing_column: the grader reads {{item.labels}}", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Answer_PrintsItsReward()
    {
        var run = await RunAsync("run", "grader.json", "--item", """{"labels":["a","b"]}""", "--sample", """{"labels":["a"]}""");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.StartsWith("reward 0.6667\n  f1 (label_set): 0.6667, ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_RowAndAnswerFromFiles_AreReadAsTheyAre()
    {
        _folder.Write("row.json", Row("red", 1));
        _folder.Write("answer.txt", "{\"labels\":[\"red\"]}\n");

        var run = await RunAsync("run", "grader.json", "--item-file", "row.json", "--sample-file", "answer.txt", "--json");

        Assert.Equal((1, "f1"), (run.Json.GetProperty("reward").GetDouble(), run.Json.GetProperty("parts")[0].GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Run_RowWithoutTheColumn_IsUngradedAndFails()
    {
        var run = await RunAsync("run", "grader.json", "--sample", "x");

        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.StartsWith("ungraded, invalid_reference: item.labels is missing", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_Column_ReportsTheSpreadAndTheExploits()
    {
        var run = await RunAsync("test", "grader.json", "--data", "data.jsonl", "--column", """{"labels":{{item.labels}}}""", "--json");

        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        var rewards = run.Json.GetProperty("rewards");
        Assert.Equal((3, 1, 10), (rewards.GetProperty("count").GetInt32(), rewards.GetProperty("mean").GetDouble(), rewards.GetProperty("histogram").GetArrayLength()));
        var best = run.Json.GetProperty("exploits").GetProperty("best")[0];
        Assert.Equal(("constant", """{"labels":["red"]}"""), (best.GetProperty("kind").GetString(), best.GetProperty("answer").GetString()));
        Assert.Equal(2.0 / 3, best.GetProperty("mean").GetDouble(), 12);
        Assert.Equal(0, run.Json.GetProperty("warnings").GetArrayLength());
    }

    [Fact]
    public async Task Test_AnswersByLine_AreComparedWithTheRatingsBesideThem()
    {
        _folder.Write("answers.jsonl", """
            {"line":4,"output_text":"{\"labels\":[\"red\"]}","rating":1}
            {"line":1,"output_text":"{\"labels\":[\"red\"]}"}
            {"line":1,"output_text":"red","rating":0}
            """);

        var run = await RunAsync("test", "grader.json", "--data", "data.jsonl", "--answers", "answers.jsonl", "--reference", "rating");

        Assert.Contains("f1 (label_set) on 3 rows, 3 answers tested", run.Out, StringComparison.Ordinal);
        Assert.Contains("Cohen's kappa: 1.000", run.Out, StringComparison.Ordinal);
        // The constant answer gets 2/3 on the rows, of which the tested answers have 1/2 and 1.
        Assert.Contains("where the tested answers have mean 0.750", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_AnswersInOrder_ThatGetNoMoreThanAConstant_AreWarnedOf()
    {
        _folder.Write("answers.jsonl", """{"output_text":"{\"labels\":[\"red\"]}"}""" + "\n{\"output_text\":\"\"}\n{\"output_text\":\"\"}\n");

        var run = await RunAsync("test", "grader.json", "--data", "data.jsonl", "--answers", "answers.jsonl");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("warning: the same answer {\"labels\":[\"red\"]} for every row gets 0.667, the tested answers 0.333", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_Model_AnswersAsInEvals()
    {
        TinyModel.SaveWithTokenizer(Path.Combine(_folder.Path, "model"));
        var test = await RunAsync("test", "grader.json", "--data", "data.jsonl", "--model", "model", "--samples", "2", "--max-tokens", "4", "--json");
        var eval = await CliRun.OfAsync(["evals", "run", "--grader", "grader.json", "--data", "data.jsonl", "--model", "model", "--samples", "2", "--max-tokens", "4", "--json"], _folder.Path);

        Assert.Equal(6, test.Json.GetProperty("answers").GetInt32());
        Assert.Equal(eval.Json.GetProperty("mean").GetDouble(), test.Json.GetProperty("rewards").GetProperty("mean").GetDouble());
    }

    [Theory]
    [InlineData("grader $.type: is missing", "validate", "data.jsonl")]
    [InlineData("grader nowhere.json: there is no such file", "run", "nowhere.json", "--sample", "x")]
    [InlineData("--sample TEXT or --sample-file FILE is missing", "run", "grader.json")]
    [InlineData("--item: line 1: the row is no JSON object", "run", "grader.json", "--sample", "x", "--item", "[]")]
    [InlineData("--answers, --column and --model: give one of the three", "test", "grader.json", "--data", "data.jsonl", "--column", "a", "--model", "b")]
    [InlineData("--reference: ratings are of answers", "test", "grader.json", "--data", "data.jsonl", "--reference", "rating")]
    [InlineData("line 1 has no value for the answer column {{item.nothing}}", "test", "grader.json", "--data", "data.jsonl", "--column", "nothing")]
    [InlineData("--data line 1: the rating at labels is [\"red\"]", "test", "grader.json", "--data", "data.jsonl", "--column", "labels", "--reference", "labels")]
    [InlineData("1 of 1 answers name no line of the 3 rows", "test", "grader.json", "--data", "data.jsonl", "--answers", "one.jsonl")]
    [InlineData("--answers two.jsonl line 1: the dataset has no row on line 2", "test", "grader.json", "--data", "data.jsonl", "--answers", "two.jsonl")]
    [InlineData("--steps 0: must be at least 1", "test", "grader.json", "--data", "data.jsonl", "--steps", "0")]
    public async Task Mistake_IsNamed(string expected, params string[] args)
    {
        _folder.Write("data.jsonl", args[0] == "validate" ? "{}" : File.ReadAllText(Path.Combine(_folder.Path, "data.jsonl")));
        _folder.Write("one.jsonl", """{"output_text":"x"}""");
        _folder.Write("two.jsonl", """{"line":2,"output_text":"x"}""");

        var run = await RunAsync(args);

        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlatformGrader_Answer_IsGradedByThePlatform()
    {
        await using var grading = ListeningService<GraderWorkbenchService>.Start(new ArtifactStore(_folder.Path, _folder.Path));
        using var platform = new RftClient(new Uri(grading.Address), KeyHandler.OfServices);
        var grader = new PlatformGrader(platform, GraderDefinition.Parse(F1), new GraderFactory());

        var (graded, ungraded) = (await GradeAsync(grader, """{"labels":["a","b"]}"""), await GradeAsync(grader, "{}"));

        Assert.Equal(2.0 / 3, Assert.IsType<GradeResult.Reward>(graded).Value, 12);
        Assert.Equal(("f1", 2.0 / 3), (graded.Parts.Single().Name, graded.Parts.Single().Reward));
        Assert.Equal("invalid_reference", Assert.IsType<GradeResult.Ungraded>(ungraded).Kind);
        Assert.Equal("""{"labels":["a"]}""", grader.ConstantAnswers([System.Text.Json.JsonElement.Parse("""{"labels":["a"]}""")]).First());
    }

    [Fact]
    public async Task PlatformGrader_PlatformIsAway_Throws()
    {
        using var platform = new RftClient(new Uri("http://127.0.0.1:1"), apiKey: null, new RftClientOptions { MaxRetries = 0 });

        await Assert.ThrowsAsync<UnavailableException>(() => GradeAsync(new PlatformGrader(platform, GraderDefinition.Parse(F1), new GraderFactory()), "{}"));
    }

    private static async Task<GradeResult> GradeAsync(PlatformGrader grader, string item) =>
        await grader.GradeAsync(new GradeRequest(System.Text.Json.JsonElement.Parse(item), new Sample("""{"labels":["a"]}""")), default);

    private Task<CliRun> RunAsync(params string[] args) => CliRun.OfAsync(["graders", .. args], _folder.Path);

    private static string Row(string colour, int rating) =>
        $$"""{"messages":[{"role":"user","content":"name a colour like {{colour}} {{rating}}"}],"labels":["{{colour}}"],"rating":{{rating}}}""";
}
