using System.Text.Json;
using RftAspire.Cli;

namespace RftAspire.Services.Tests.Cli;

public sealed class DatasetCheckTests : IDisposable
{
    private const string Good = """{"messages":[{"role":"user","content":"Name a colour."}],"labels":["red"]}""";
    private const string Other = """{"messages":[{"role":"user","content":"Name an animal."}],"labels":["cat"]}""";
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Check_SoundFile_IsAccepted()
    {
        var run = await CliRun.OfAsync("datasets", "check", _folder.Write("good.jsonl", $"{Good}\n{Other}\n"), "--json");
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.Equal("""{"verdict":"accept","findings":[],"omitted":0,"rows":2,"validation_rows":0}""", run.Out.Trim());
    }

    [Fact]
    public async Task Check_BadRow_IsRejectedWithItsLine()
    {
        var run = await CliRun.OfAsync("datasets", "check", _folder.Write("bad.jsonl", $"{Good}\n\n{{\"messages\":[]}}\n"), "--json");
        Assert.Equal((ExitCode.Failed, "reject"), (run.Code, run.Json.GetProperty("verdict").GetString()));
        var finding = Assert.Single(run.Json.GetProperty("findings").EnumerateArray());
        Assert.Equal(3, finding.GetProperty("line").GetInt32());
        Assert.NotEqual("", finding.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Check_EmptyFile_HasAFindingWithoutLine()
    {
        var run = await CliRun.OfAsync("datasets", "check", _folder.Write("empty.jsonl", ""), "--json");
        Assert.Equal(JsonValueKind.Null, run.Json.GetProperty("findings")[0].GetProperty("line").ValueKind);
    }

    [Fact]
    public async Task Check_RepeatedPrompt_WarnsInText()
    {
        var run = await CliRun.OfAsync("datasets", "check", _folder.Write("twice.jsonl", $"{Good}\n{Good}\n"));
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.StartsWith("warn: 2 sound rows", run.Out, StringComparison.Ordinal);
        Assert.Contains("  line 2, duplicate_rows: ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_ValidationFileWithATrainingPrompt_IsRejected()
    {
        var (train, valid) = (_folder.Write("train.jsonl", Good), _folder.Write("valid.jsonl", Good));
        var run = await CliRun.OfAsync("datasets", "check", train, "--valid", valid, "--json");
        Assert.Equal((ExitCode.Failed, "train_valid_leak"), (run.Code, run.Json.GetProperty("findings")[0].GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Check_Grader_NeedsItsColumns()
    {
        var grader = _folder.Write("grader.json", """{"type":"label_set","name":"f1","reference":"{{item.domains}}"}""");
        var run = await CliRun.OfAsync("datasets", "check", _folder.Write("good.jsonl", Good), "--grader", grader, "--json");
        Assert.Equal((ExitCode.Failed, "missing_column"), (run.Code, run.Json.GetProperty("findings")[0].GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Check_BadGrader_NamesTheField()
    {
        var grader = _folder.Write("grader.json", """{"type":"label_sets","name":"f1"}""");
        var run = await CliRun.OfAsync("datasets", "check", _folder.Write("good.jsonl", Good), "--grader", grader);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.StartsWith("rft: grader $.type: 'label_sets'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_NoSuchFile_IsACallersMistake()
    {
        var run = await CliRun.OfAsync("datasets", "check", "nowhere.jsonl", "--json");
        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Out));
        Assert.Contains("nowhere.jsonl", run.Error, StringComparison.Ordinal);
    }
}
