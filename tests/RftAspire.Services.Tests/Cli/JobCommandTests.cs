using System.Text;
using Google.Rpc;
using RftAspire.Cli;

namespace RftAspire.Services.Tests.Cli;

public sealed class JobCommandTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly string _grader;
    private readonly string _train;

    public JobCommandTests()
    {
        _grader = _folder.Write("grader.json", """{"type":"label_set"}""");
        _train = _folder.Write("train.jsonl", "{}\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Create_Files_AreUploadedInChunksAndNamedInTheRequest()
    {
        await using var platform = await FakePlatform.StartAsync();
        var content = new string('x', 600_000);
        var valid = _folder.Write("valid.jsonl", content);
        var run = await platform.RunAsync("jobs", "create", "--model", "tiny", "--train", _train, "--valid", valid, "--grader", _grader,
            "--set", "steps=4", "--set", "group_size=2", "--seed", "5", "--suffix", "demo", "--json");

        Assert.Equal((ExitCode.Ok, "ftjob-1"), (run.Code, run.Json.GetProperty("id").GetString()));
        Assert.Equal([262_144, 262_144, 75_712], platform.Files.Uploads[1].Chunks);
        Assert.Equal(content, Encoding.UTF8.GetString(platform.Files.Uploads[1].Bytes));
        Assert.Equal("valid.jsonl", platform.Files.Uploads[1].Name);
        var request = platform.Jobs.Created!;
        Assert.Equal(("file-1", "file-2"), (request.TrainingDatasetId, request.ValidationDatasetId));
        Assert.Equal(("tiny", 5L, "demo"), (request.Model, request.Seed, request.Suffix));
        Assert.Equal((4, 2), (request.Hyperparameters.Steps, request.Hyperparameters.GroupSize));
        Assert.Equal("""{"type":"label_set"}""", request.GraderJson);
    }

    [Fact]
    public async Task Create_DatasetId_IsUsedAsItIs()
    {
        await using var platform = await FakePlatform.StartAsync();
        var run = await platform.RunAsync("jobs", "create", "--model", "tiny", "--train", "file-abc", "--grader", _grader);
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Equal(("file-abc", false), (platform.Jobs.Created!.TrainingDatasetId, platform.Jobs.Created.HasSeed));
        Assert.Contains("rft jobs watch ftjob-1", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_RejectedDataset_ListsTheFindings()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Files.Rejection = new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = "line 3", Description = "messages is empty" } } };
        var run = await platform.RunAsync("jobs", "create", "--model", "tiny", "--train", _train, "--grader", _grader);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Equal($"rft: --train {_train}: the platform refuses the dataset:\n  line 3: messages is empty\n", run.Error.ReplaceLineEndings("\n"));
        Assert.Null(platform.Jobs.Created);
    }

    [Fact]
    public async Task Create_WatchJson_PrintsOneDocumentWithTheEvents()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Events.AddRange(JobEventSamples.WholeJob());
        var run = await platform.RunAsync("jobs", "create", "--model", "tiny", "--train", _train, "--grader", _grader, "--watch", "--json");
        Assert.Equal(2, run.Json.GetProperty("steps").GetArrayLength());
        Assert.Contains("step 2/2", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--train", "nowhere.jsonl", "--train nowhere.jsonl: there is no such file")]
    [InlineData("--grader", "nowhere.json", "--grader nowhere.json: there is no such file")]
    [InlineData("--set", "stepz=3", "--set stepz: no such hyperparameter")]
    [InlineData("--server", "localhost", "--server localhost: not an address")]
    public async Task Create_Mistake_IsNamedBeforeAnythingIsSent(string option, string value, string expected)
    {
        var arguments = new Dictionary<string, string> { ["--model"] = "tiny", ["--train"] = _train, ["--grader"] = _grader, [option] = value };
        var run = await CliRun.OfAsync(["jobs", "create", .. arguments.SelectMany(pair => new[] { pair.Key, pair.Value })]);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Equal("", run.Out);
    }

    [Fact]
    public async Task Show_UnknownJob_SaysSo()
    {
        await using var platform = await FakePlatform.StartAsync();
        var run = await platform.RunAsync("jobs", "show", "ftjob-2");
        Assert.Equal((ExitCode.Usage, "rft: there is no job 'ftjob-2'"), (run.Code, run.Error.Trim()));
    }

    [Fact]
    public async Task Show_Json_HoldsStepsAndEvals()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Events.AddRange(JobEventSamples.WholeJob());
        var run = await platform.RunAsync("jobs", "show", "ftjob-1", "--json");
        Assert.Equal((2, 2), (run.Json.GetProperty("steps").GetArrayLength(), run.Json.GetProperty("evals").GetArrayLength()));
    }

    [Fact]
    public async Task List_TwoForms_NameTheJob()
    {
        await using var platform = await FakePlatform.StartAsync();
        Assert.Contains("ftjob-1", (await platform.RunAsync("jobs", "list")).Out, StringComparison.Ordinal);
        var run = await platform.RunAsync("jobs", "list", "--json");
        Assert.Equal("ftjob-1", run.Json.GetProperty("jobs")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task Cancel_EndedJob_GivesThePlatformsReason()
    {
        await using var platform = await FakePlatform.StartAsync();
        var run = await platform.RunAsync("jobs", "cancel", "ftjob-1");
        Assert.Equal((ExitCode.Usage, "rft: job 'ftjob-1' has succeeded; there is nothing to cancel"), (run.Code, run.Error.Trim()));
    }
}
