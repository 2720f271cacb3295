using System.Text.Json.Nodes;
using RftAspire.Cli;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Services.Tests.Cli;

public sealed class TuneCommandTests : IDisposable
{
    private const string Row = """{"messages":[{"role":"user","content":"name a colour"},{"role":"assistant","content":"red"}]}""";
    private static readonly string[] s_colours = ["red", "blue", "green", "grey", "pink"];
    private readonly ScratchFolder _folder = new();

    public TuneCommandTests()
    {
        TinyModel.SaveWithTokenizer(Path.Combine(_folder.Path, "model"));
        var config = Path.Combine(_folder.Path, "model", "config.json");
        var (document, noEnd) = (JsonNode.Parse(File.ReadAllText(config))!, Directory.CreateDirectory(Path.Combine(_folder.Path, "endless")));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_folder.Path, "model"))) File.Copy(file, Path.Combine(noEnd.FullName, Path.GetFileName(file)));
        document["eos_token_id"] = 0;
        File.WriteAllText(config, document.ToJsonString());
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tune_AnswersOfOneForm_TeachesThem()
    {
        _folder.Write("rows.jsonl", Row + "\n");
        var run = await TuneAsync("--output", "./new", "--steps", "60", "--learning-rate", "0.02", "--json");
        Assert.Equal(ExitCode.Ok, run.Code);
        var losses = run.Json.GetProperty("losses").EnumerateArray().Select(loss => loss.GetDouble()).ToArray();
        Assert.Equal(60, losses.Length);
        Assert.True(losses[^1] < 0.1 * losses[0], $"the loss went from {losses[0]} to {losses[^1]}");
        var answer = await CliRun.OfAsync(["models", "generate", "--model", "new", "--prompt", "name a colour", "--max-tokens", "8", "--json"], _folder.Path);
        Assert.Equal("red", answer.Json.GetProperty("text").GetString());
        Assert.Contains("step 60/60", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tune_SameSeed_GivesTheSameWeightsWithAnyThreads()
    {
        _folder.Write("rows.jsonl", string.Join('\n', s_colours.Select(colour => Row.Replace("red", colour, StringComparison.Ordinal))));
        var digests = new List<string>();
        foreach (var (name, seed, threads) in new[] { ("./a", "5", "1"), ("./b", "5", "2"), ("./c", "6", "1") })
        {
            var run = await TuneAsync("--output", name, "--epochs", "2", "--batch-size", "2", "--seed", seed, "--threads", threads, "--json");
            digests.Add(run.Json.GetProperty("weights_digest").GetString()!);
            Assert.Equal(6, run.Json.GetProperty("steps").GetInt32());
            using var written = CheckpointFolder.Load(Path.Combine(_folder.Path, name));
            Assert.Equal(digests[^1], CheckpointFolder.WeightsDigest(written));
        }
        Assert.Equal(digests[0], digests[1]);
        Assert.NotEqual(digests[0], digests[2]);
    }

    [Fact]
    public async Task Tune_WeightZero_IsContextAlone()
    {
        _folder.Write("rows.jsonl", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}""");
        var both = await TuneAsync("--output", "./both", "--steps", "1", "--json");
        _folder.Write("rows.jsonl", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0},{"role":"user","content":"c"},{"role":"assistant","content":"d","weight":1}]}""");
        var last = await TuneAsync("--output", "./last", "--steps", "1", "--json");
        Assert.Equal((2, 1), (both.Json.GetProperty("examples").GetInt32(), last.Json.GetProperty("examples").GetInt32()));
        Assert.NotEqual(both.Json.GetProperty("weights_digest").GetString(), last.Json.GetProperty("weights_digest").GetString());
    }

    [Fact]
    public async Task Tune_ChatTemplate_BelongsToTheNewModel()
    {
        _folder.Write("rows.jsonl", Row);
        _folder.Write("mine.jinja", "{{ messages[-1].content.split(' ')[-1] }}");
        var run = await TuneAsync("--output", "./new", "--steps", "1", "--chat-template", "mine.jinja", "--json");
        Assert.Equal(ExitCode.Ok, run.Code);
        // The template keeps "colour" alone, one token for each letter, and "red" with its end has four.
        Assert.Equal(10, run.Json.GetProperty("longest").GetInt32());
        Assert.Equal("{{ messages[-1].content.split(' ')[-1] }}", File.ReadAllText(Path.Combine(_folder.Path, "new", "chat_template.jinja")));
    }

    [Fact]
    public async Task Tune_BareName_IsAModelOfTheCheckout()
    {
        _folder.Write("RftAspire.sln", "");
        _folder.Write("models/base/config.json", "{}");
        _folder.Write("rows.jsonl", Row);
        Assert.Equal(ExitCode.Ok, (await TuneAsync("--output", "mine", "--steps", "1")).Code);
        Assert.True(File.Exists(Path.Combine(_folder.Path, ".rft/artifacts/models/mine/config.json")));
        Assert.Contains("a model of this name is there already", (await TuneAsync("--output", "mine", "--steps", "1")).Error, StringComparison.Ordinal);
        Assert.Contains("a base model has this name", (await TuneAsync("--output", "base", "--steps", "1")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tune_Interrupted_LeavesNothing()
    {
        _folder.Write("rows.jsonl", Row);
        using var cancellation = new CancellationTokenSource();
        await cancellation.CancelAsync();
        var run = await CliRun.OfAsync(["models", "tune", "--model", "model", "--data", "rows.jsonl", "--output", "./new"], _folder.Path, cancellation.Token);
        Assert.Equal(ExitCode.Interrupted, run.Code);
        Assert.Equal(["endless", "model"], Directory.EnumerateDirectories(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("--model nope: neither a folder nor a known model", Row, "--model", "nope")]
    [InlineData("--model endless: config.json has no eos_token_id", Row, "--model", "endless")]
    [InlineData("--data missing.jsonl: there is no such file", Row, "--data", "missing.jsonl")]
    [InlineData("--output ./model: is there already", Row, "--output", "./model")]
    [InlineData("give either --epochs N or --steps N", Row, "--epochs", "1", "--steps", "1")]
    [InlineData("--batch-size 0: 1 to 1000000", Row, "--batch-size", "0")]
    [InlineData("--learning-rate 2: must be above 0", Row, "--learning-rate", "2")]
    [InlineData("--chat-template no.jinja: there is no such file", Row, "--chat-template", "no.jinja")]
    [InlineData("the file has no rows", "\n")]
    [InlineData("line 2: messages[0].role is \"user\", so there is no answer to learn; end with a message of role assistant", Row + "\n" + """{"messages":[{"role":"user","content":"a"}]}""")]
    [InlineData("line 1: not JSON at byte 1", "x")]
    [InlineData("line 1: messages[1].weight is 0.5; write 0 or 1", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0.5}]}""")]
    [InlineData("line 1: every message of the assistant has weight 0", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0}]}""")]
    [InlineData("line 1: messages[1] has 151 tokens after", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"@"}]}""")]
    public async Task Tune_Mistake_NamesLineFieldAndFix(string expected, string rows, params string[] args)
    {
        _folder.Write("rows.jsonl", rows.Replace("@", new string('z', 150), StringComparison.Ordinal));
        var run = await TuneAsync([.. Defaults.Where(option => !args.Contains(option.Name)).SelectMany(option => new[] { option.Name, option.Value }), .. args]);
        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "new")));
    }

    private static (string Name, string Value)[] Defaults => [("--model", "model"), ("--data", "rows.jsonl"), ("--output", "./new")];

    private Task<CliRun> TuneAsync(params string[] args) => CliRun.OfAsync(
        ["models", "tune", .. args, .. Defaults.Where(option => !args.Contains(option.Name)).SelectMany(option => new[] { option.Name, option.Value }), "--server", "http://127.0.0.1:1"], _folder.Path);
}
