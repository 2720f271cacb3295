using RftAspire.Cli;

namespace RftAspire.Services.Tests.Cli;

public sealed class EvalCommandTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public EvalCommandTests()
    {
        TinyModel.SaveWithTokenizer(Path.Combine(_folder.Path, "base"), seed: 1);
        TinyModel.SaveWithTokenizer(Path.Combine(_folder.Path, "tuned"), seed: 2);
        _folder.Write("data.jsonl", $"{Row("red")}\n{Row("green")}\n{Row("blue")}");
        _folder.Write("grader.json", """{"type":"label_set","name":"f1","reference":"{{item.labels}}"}""");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_Greedy_ScoresEveryRowAndRepeats()
    {
        var run = await RunAsync("run", "--model", "base", "--data", "data.jsonl", "--json");
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.Equal((0.0, 3), (run.Json.GetProperty("mean").GetDouble(), run.Json.GetProperty("n").GetInt32()));
        Assert.Equal([1, 2, 3], run.Json.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("line").GetInt32()));
        Assert.Equal(1.0 / 2, run.Json.GetProperty("constant").GetProperty("mean").GetDouble(), 12);
        Assert.Equal(run.Out, (await RunAsync("run", "--model", "base", "--data", "data.jsonl", "--json")).Out);
    }

    [Fact]
    public async Task Run_Samples_DifferByRowSampleAndSeed()
    {
        string[] command = ["run", "--model", "base", "--data", "data.jsonl", "--samples", "2", "--json", "--seed"];
        var run = await RunAsync([.. command, "1"]);
        var outputs = run.Json.GetProperty("rows").EnumerateArray()
            .SelectMany(row => row.GetProperty("samples").EnumerateArray()).Select(sample => sample.GetProperty("output").GetString()).ToList();
        Assert.Equal(6, outputs.Distinct().Count());
        Assert.NotEqual(run.Out, (await RunAsync([.. command, "2"])).Out);
    }

    [Fact]
    public async Task Compare_TwoFiles_TellsBothByTheirLabels()
    {
        var run = await RunAsync("compare", "--base", "base", "--tuned", "tuned", "--data", "data.jsonl=first", "--data", "data.jsonl", "--samples", "1");
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.All(["first (3)", "data (3)", "data, line 1", "data, line 3"], part => Assert.Contains(part, run.Out, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Compare_Json_HasGainsAndExamples()
    {
        var run = await RunAsync("compare", "--base", "base", "--tuned", "tuned", "--data", "data.jsonl", "--samples", "0", "--examples", "2", "--json");
        var data = run.Json.GetProperty("data")[0];
        Assert.Equal(0, data.GetProperty("greedy").GetProperty("gain").GetProperty("mean").GetDouble());
        Assert.False(data.TryGetProperty("sampled", out _));
        Assert.Equal(2, run.Json.GetProperty("examples").GetArrayLength());
    }

    [Theory]
    [InlineData("--data nowhere.jsonl: there is no such file", "--data", "nowhere.jsonl")]
    [InlineData("--data grader.json: the dataset is rejected", "--data", "grader.json")]
    [InlineData("line 1: ", "--max-tokens", "120")]
    [InlineData("--samples -1: must be at least 0", "--samples", "-1")]
    [InlineData("--grader data.jsonl: not JSON", "--grader", "data.jsonl")]
    public async Task Run_Mistake_IsNamed(string expected, string option, string value)
    {
        var arguments = new Dictionary<string, string> { ["--model"] = "base", ["--data"] = "data.jsonl", ["--grader"] = "grader.json", [option] = value };
        var run = await CliRun.OfAsync(["evals", "run", .. arguments.SelectMany(pair => new[] { pair.Key, pair.Value })], _folder.Path);
        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private Task<CliRun> RunAsync(params string[] args) =>
        CliRun.OfAsync(["evals", .. args, "--grader", "grader.json", "--max-tokens", "12"], _folder.Path);

    private static string Row(string colour) =>
        $$"""{"messages":[{"role":"user","content":"name a colour like {{colour}}"}],"labels":["{{colour}}"]}""";
}
