using System.Text.Json;
using RftAspire.Cli;
using RftAspire.Cli.Models;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tests.Checkpoints;

namespace RftAspire.Services.Tests.Cli;

public sealed class ModelCommandTests : IDisposable
{
    private const string Nobody = "http://127.0.0.1:1";
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("give either --prompt TEXT or --prompt-ids", "--model", "m")]
    [InlineData("give either --prompt TEXT or --prompt-ids", "--model", "m", "--prompt", "a", "--prompt-ids", "1")]
    [InlineData("'x' is no token id", "--model", "m", "--prompt-ids", "1,x")]
    [InlineData("'-1' is no token id", "--model", "m", "--prompt-ids", "1,-1")]
    [InlineData("--max-tokens 0", "--model", "m", "--prompt-ids", "1", "--max-tokens", "0")]
    [InlineData("--temperature -1", "--model", "m", "--prompt-ids", "1", "--temperature", "-1")]
    [InlineData("--top-p 1.5", "--model", "m", "--prompt-ids", "1", "--top-p", "1.5")]
    [InlineData("--top-k -2", "--model", "m", "--prompt-ids", "1", "--top-k", "-2")]
    [InlineData("--json-schema nothing.json: there is no such file", "--model", "m", "--prompt-ids", "1", "--json-schema", "nothing.json")]
    [InlineData("give either --json-schema FILE or --json-object", "--model", "m", "--prompt-ids", "1", "--json-schema", "nothing.json", "--json-object")]
    [InlineData("--stop would cut the JSON of --json-object", "--model", "m", "--prompt-ids", "1", "--json-object", "--stop", "}")]
    public async Task Generate_Mistake_NamesTheOption(string expected, params string[] args)
    {
        var run = await CliRun.OfAsync(["models", "generate", .. args]);
        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("bf16")]
    public async Task Import_Gguf_MakesAFolderThatScores(string? dtype)
    {
        TinyModel.Save(Path.Combine(_folder.Path, "original"));
        using (var original = CheckpointFolder.Load(Path.Combine(_folder.Path, "original")))
            File.WriteAllBytes(Path.Combine(_folder.Path, "model.gguf"), GgufWriter.Of(original).ToBytes());
        string[] options = dtype is null ? [] : ["--dtype", dtype];
        var run = await CliRun.OfAsync(["models", "import", "model.gguf", "imported", "--json", .. options], _folder.Path);
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.Equal((Path.Combine(_folder.Path, "imported"), false), (run.Json.GetProperty("location").GetString(), run.Json.GetProperty("tokenizer").GetBoolean()));

        var scores = new List<string>();
        foreach (var model in new[] { "original", "imported" })
            scores.Add((await CliRun.OfAsync(["models", "score", "--model", model, "--ids", "1,2,3"], _folder.Path)).Out);
        Assert.Equal(dtype is null, scores[0] == scores[1]);
    }

    [Theory]
    [InlineData("dir full: is there already", "model.gguf", "full")]
    [InlineData("nothing.gguf", "nothing.gguf", "new")]
    [InlineData("does not begin with 'GGUF'", "model.gguf", "new")]
    [InlineData("--tokenizer full: no tokenizer.json", "model.gguf", "new", "--tokenizer", "full")]
    [InlineData("f64", "model.gguf", "new", "--dtype", "f64")]
    public async Task Import_Mistake_SaysWhich(string expected, params string[] args)
    {
        _folder.Write("model.gguf", "no model");
        _folder.Write("full/file", "");
        var run = await CliRun.OfAsync(["models", "import", .. args], _folder.Path);
        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "new")));
    }

    [Fact]
    public async Task Score_OneId_IsAMistake()
    {
        var run = await CliRun.OfAsync("models", "score", "--model", "m", "--ids", "1");
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains("two ids or more", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_UnknownName_ListsTheKnownOnes()
    {
        Checkout();
        var run = await CliRun.OfAsync(
            ["models", "generate", "--model", "nope", "--prompt-ids", "1", "--server", Nobody], Path.Combine(_folder.Path, "samples"));
        Assert.Equal(ExitCode.Usage, run.Code);
        var lines = run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("rft: --model nope: neither a folder nor a known model", lines[0], StringComparison.Ordinal);
        Assert.Equal(["  base-a", "  tuned-b"], lines[1..3]);
        Assert.Contains(Nobody, lines[3], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base-a", "models/base-a")]
    [InlineData("tuned-b", ".rft/artifacts/models/tuned-b")]
    [InlineData("../elsewhere/c", "elsewhere/c")]
    public async Task Find_NameOrFolder_IsFoundWithoutThePlatform(string model, string expected)
    {
        Checkout();
        Assert.Equal(Path.Combine(_folder.Path, expected), await FindAsync(model, Nobody));
    }

    [Fact]
    public async Task Find_DataElsewhere_FollowsRftHome()
    {
        Checkout();
        _folder.Write("home/artifacts/models/tuned-d/config.json", "{}");
        Assert.Equal(Path.Combine(_folder.Path, "home/artifacts/models/tuned-d"), await FindAsync("tuned-d", Nobody, ("RFT_HOME", "../home")));
    }

    [Fact]
    public async Task Find_ModelOfThePlatformOnAnotherMachine_SaysSo()
    {
        Checkout();
        await using var platform = await FakePlatform.StartAsync();
        var mistake = await Assert.ThrowsAsync<UsageException>(() => FindAsync("tiny", platform.Server));
        Assert.Contains("/nowhere/tiny", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_FolderWithoutConfig_SaysWhatIsMissing()
    {
        Checkout();
        var mistake = await Assert.ThrowsAsync<UsageException>(() => FindAsync(".", Nobody));
        Assert.Contains("no config.json", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_Json_HoldsThePlatformsModels()
    {
        await using var platform = await FakePlatform.StartAsync();
        var model = (await platform.RunAsync("models", "list", "--json")).Json.GetProperty("models")[0];
        Assert.Equal(("tiny", 3_737_856L), (model.GetProperty("name").GetString(), model.GetProperty("parameters").GetInt64()));
    }

    [Theory]
    [InlineData("ab\ncd", "ab")]
    [InlineData("abzz\n", "ab")]
    [InlineData("abcd", "abcd")]
    public void Cut_AnyStop_EndsBeforeTheFirst(string text, string expected)
    {
        Assert.Equal(expected, StopText.Cut(text, ["\n", "zz"]));
    }

    [Fact]
    public async Task Generate_IdsOnAFolder_AreScoredTheSameAndRepeatWithTheSeed()
    {
        SaveModel();
        string[] command = ["models", "generate", "--model", "model", "--prompt-ids", "1,2,3", "--max-tokens", "8", "--temperature", "1", "--json", "--seed"];
        var run = await CliRun.OfAsync([.. command, "5"], _folder.Path);
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.Equal(run.Out, (await CliRun.OfAsync([.. command, "5"], _folder.Path)).Out);
        Assert.NotEqual(run.Out, (await CliRun.OfAsync([.. command, "6"], _folder.Path)).Out);
        Assert.Equal(JsonValueKind.Null, run.Json.GetProperty("text").ValueKind);

        var ids = run.Json.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
        Assert.Equal(8, ids.Length);
        var score = await CliRun.OfAsync(["models", "score", "--model", "model", "--ids", $"1,2,3,{string.Join(',', ids)}", "--json"], _folder.Path);
        Assert.Equal(Floats(run.Json), Floats(score.Json)[2..]);
    }

    [Theory]
    [InlineData("id 320 is outside the model's vocabulary of 320", "--prompt-ids", "1,320")]
    [InlineData("2 tokens and 127 new ones exceed the model's context of 128", "--prompt-ids", "1,2", "--max-tokens", "127")]
    [InlineData("has no tokenizer.json; give --prompt-ids", "--prompt", "hello")]
    [InlineData("has no tokenizer.json to read the answer with", "--prompt-ids", "1", "--stop", "x", "--max-tokens", "4")]
    public async Task Generate_WhatTheModelCannotTake_IsACallersMistake(string expected, params string[] args)
    {
        SaveModel();
        var run = await CliRun.OfAsync(["models", "generate", "--model", "model", .. args], _folder.Path);
        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Score_TruncatedWeights_NamesTheTensor()
    {
        SaveModel();
        var weights = Path.Combine(_folder.Path, "model", "model.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^100]);
        var run = await CliRun.OfAsync(["models", "score", "--model", "model", "--ids", "1,2"], _folder.Path);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains("model.safetensors", run.Error, StringComparison.Ordinal);
    }

    private void SaveModel() => TinyModel.Save(Path.Combine(_folder.Path, "model"));

    private static float[] Floats(JsonElement document) => [.. document.GetProperty("logprobs").EnumerateArray().Select(value => value.GetSingle())];

    private void Checkout()
    {
        _folder.Write("RftAspire.sln", "");
        _folder.Write("samples/README.md", "");
        foreach (var model in new[] { "models/base-a", ".rft/artifacts/models/tuned-b", "elsewhere/c" }) _folder.Write($"{model}/config.json", "{}");
        _folder.Write("models/README.md", "");
    }

    private async Task<string> FindAsync(string model, string server, params (string Name, string Value)[] variables)
    {
        var surroundings = new Surroundings
        {
            Out = TextWriter.Null,
            Error = TextWriter.Null,
            WorkingDirectory = Path.Combine(_folder.Path, "samples"),
            Variable = name => variables.FirstOrDefault(variable => variable.Name == name).Value,
        };
        using var context = new CommandContext(new System.CommandLine.RootCommand().Parse([]), surroundings, json: false, server);
        return await ModelFolder.FindAsync(context, "--model", model, CancellationToken.None);
    }
}
