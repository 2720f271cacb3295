using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using RftAspire.Cli;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Services.Tests.Cli;

public sealed class JobQueryCommandTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("pause", "pausing")]
    [InlineData("resume", "queued")]
    public async Task PauseAndResume_Job_SayWhatItIsNow(string command, string state)
    {
        await using var platform = await FakePlatform.StartAsync();

        Assert.Equal($"job ftjob-7 is {state}", (await platform.RunAsync("jobs", command, "ftjob-7")).Out.Trim());
        Assert.Equal(state, (await platform.RunAsync("jobs", command, "ftjob-7", "--json")).Json.GetProperty("state").GetString());
    }

    [Fact]
    public async Task Events_TwoForms_AreNewestFirstAndNameTheNextPage()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Events.AddRange(JobEventSamples.WholeJob());

        var table = (await platform.RunAsync("jobs", "events", "ftjob-1", "--limit", "3", "--before", "9")).Out;
        var json = (await platform.RunAsync("jobs", "events", "ftjob-1")).Out;

        Assert.All(["job is succeeded", "eval after step 2:  greedy 0.500", "step 2/2  reward 0.500", "more: rft jobs events ftjob-1 --before 4"], text => Assert.Contains(text, table, StringComparison.Ordinal));
        Assert.True(table.IndexOf("succeeded", StringComparison.Ordinal) < table.IndexOf("step 2/2", StringComparison.Ordinal));
        Assert.DoesNotContain("more:", json, StringComparison.Ordinal);
        var run = await platform.RunAsync("jobs", "events", "ftjob-1", "--json");
        Assert.Equal((6, 6, false), (run.Json.GetProperty("events").GetArrayLength(), run.Json.GetProperty("events")[0].GetProperty("sequence").GetInt32(), run.Json.GetProperty("has_more").GetBoolean()));
        Assert.Equal(ExitCode.Usage, (await platform.RunAsync("jobs", "events", "ftjob-1", "--limit", "-1")).Code);
    }

    [Fact]
    public async Task Checkpoints_TwoFormsAndShow_NameModelAndMeasure()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Checkpoints.Add(new()
        {
            Id = "ftckpt_1-10",
            JobId = "ftjob-1",
            Step = 10,
            Model = "ft:tiny:default::1:ckpt-step-10",
            WeightsDigest = "abc",
            CreatedAt = Timestamp.FromDateTime(DateTime.UnixEpoch),
            Metrics = { ["reward/mean"] = 0.25, ["reward/greedy"] = 0.5 },
        });

        foreach (var command in new[] { "checkpoints", "show" })
        {
            var table = (await platform.RunAsync("jobs", command, "ftjob-1")).Out;
            Assert.All(["ft:tiny:default::1:ckpt-step-10", "greedy 0.500", "1970-01-01"], text => Assert.Contains(text, table, StringComparison.Ordinal));
        }
        var run = await platform.RunAsync("jobs", "checkpoints", "ftjob-1", "--json");
        Assert.Equal(
            """{"id":"ftckpt_1-10","job_id":"ftjob-1","step":10,"model":"ft:tiny:default::1:ckpt-step-10","created_at":"1970-01-01T00:00:00.000Z","metrics":{"reward/greedy":0.5,"reward/mean":0.25},"weights_digest":"abc"}""",
            run.Json.GetProperty("checkpoints")[0].GetRawText());
        Assert.Equal(10, (await platform.RunAsync("jobs", "show", "ftjob-1", "--json")).Json.GetProperty("checkpoints")[0].GetProperty("step").GetInt32());
    }

    [Fact]
    public async Task Rollouts_Filters_AreSentAndWhatIsFoundIsShown()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Rollouts.Add(new() { Step = 3, Group = 1, Index = 2, PromptIndex = 4, Prompt = "user: a\nb", Completion = "[red]", CompletionTokens = 9, FinishReason = "stop", Reward = 0.5, Parts = { new RolloutPart { Name = "f1", Type = "label_set", Reward = 0.5 } } });
        platform.Jobs.Rollouts.Add(new() { Step = 3, Ungraded = new() { Kind = "judge_timeout", Message = "m" } });
        string[] filters = ["--step", "3", "--purpose", "train", "--row", "4", "--min-reward", "0.25", "--max-reward", "1", "--grader", "f1", "--limit", "1", "--page", "0"];

        var table = (await platform.RunAsync(["jobs", "rollouts", "ftjob-1", .. filters])).Out;

        Assert.Equal(
            new ListRolloutsRequest { JobId = "ftjob-1", Step = 3, Purpose = "train", PromptIndex = 4, MinReward = 0.25, MaxReward = 1, Grader = "f1", PageSize = 1, PageToken = "0" },
            platform.Jobs.Asked);
        Assert.All(["1.2", "0.500", "user: a b", "[red]", "--page 1"], text => Assert.Contains(text, table, StringComparison.Ordinal));
        var run = await platform.RunAsync("jobs", "rollouts", "ftjob-1", "--ungraded", "--json");
        Assert.Equal(new ListRolloutsRequest { JobId = "ftjob-1", Ungraded = true, PageSize = 20 }, platform.Jobs.Asked);
        Assert.Equal(("judge_timeout", JsonValueKind.Null), (run.Json.GetProperty("rollouts")[1].GetProperty("ungraded").GetProperty("kind").GetString(), run.Json.GetProperty("next_page_token").ValueKind));
        Assert.Equal(
            """{"step":3,"group":1,"index":2,"prompt_index":4,"prompt":"user: a\nb","completion":"[red]","completion_tokens":9,"finish_reason":"stop","reward":0.5,"ungraded":null,"parts":[{"name":"f1","type":"label_set","reward":0.5,"ungraded":null,"explanation":null}]}""",
            run.Json.GetProperty("rollouts")[0].GetRawText());
    }

    [Fact]
    public async Task Lists_LimitBeyondAPage_GoOnUntilItIsReached()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Jobs = [.. Enumerable.Range(1, 250).Select(number => new Job { Id = $"ftjob-{number}" })];
        platform.Jobs.Rollouts.AddRange(Enumerable.Range(0, 12).Select(index => new Rollout { Index = index }));
        platform.Jobs.LongestPage = 5;

        var (some, all) = (await platform.RunAsync("jobs", "list", "--json", "--limit", "210"), await platform.RunAsync("jobs", "list", "--json", "--limit", "0"));
        var (few, every) = (await platform.RunAsync("jobs", "rollouts", "ftjob-1", "--json", "--limit", "8"), await platform.RunAsync("jobs", "rollouts", "ftjob-1", "--json", "--limit", "0"));

        Assert.Equal((210, true), (some.Json.GetProperty("jobs").GetArrayLength(), some.Json.GetProperty("has_more").GetBoolean()));
        Assert.Equal((250, false), (all.Json.GetProperty("jobs").GetArrayLength(), all.Json.GetProperty("has_more").GetBoolean()));
        Assert.Equal((8, "8"), (few.Json.GetProperty("rollouts").GetArrayLength(), few.Json.GetProperty("next_page_token").GetString()));
        Assert.Equal(Enumerable.Range(0, 12), every.Json.GetProperty("rollouts").EnumerateArray().Select(rollout => rollout.GetProperty("index").GetInt32()));
    }

    [Fact]
    public async Task Lineage_TwoForms_NameJobsAndSteps()
    {
        await using var platform = await FakePlatform.StartAsync();
        Assert.Equal("tiny is a base model", (await platform.RunAsync("models", "lineage", "tiny")).Out.Trim());
        platform.Jobs.Lineage.Add(new() { Job = new() { JobId = "ftjob-1", Model = "tiny", Seed = 5, Training = new() { Id = "file-1", Rows = 3, Digest = "aa" }, GraderDigest = "bb" } });
        platform.Jobs.Lineage.Add(new() { Step = new() { Step = 1, Rollouts = 8, Groups = 2, MeanReward = 0.25, RolloutsDigest = "cc" } });

        var text = (await platform.RunAsync("models", "lineage", "ft:tiny:default::1")).Out;

        Assert.Equal(new GetLineageRequest { Model = "ft:tiny:default::1" }, platform.Jobs.Asked);
        Assert.All(["job ftjob-1 from tiny, seed 5", "file-1 (3 rows, aa)", "grader bb", "step 1: 8 rollouts in 2 groups, reward 0.250, cc"], line => Assert.Contains(line, text, StringComparison.Ordinal));
        var job = Assert.Single((await platform.RunAsync("models", "lineage", "ft:tiny:default::1", "--json")).Json.GetProperty("jobs").EnumerateArray());
        Assert.Equal(("ftjob-1", "cc"), (job.GetProperty("job_id").GetString(), job.GetProperty("steps")[0].GetProperty("rollouts_digest").GetString()));
    }

    [Fact]
    public async Task List_Metadata_IsSent()
    {
        await using var platform = await FakePlatform.StartAsync();

        await platform.RunAsync("jobs", "list", "--metadata", "team=lab", "--metadata", "note=a=b");
        Assert.Equal(new ListJobsRequest { PageSize = 21, Metadata = { ["team"] = "lab", ["note"] = "a=b" } }, platform.Jobs.Asked);
        await platform.RunAsync("jobs", "list", "--without-metadata");
        Assert.Equal(new ListJobsRequest { PageSize = 21, WithoutMetadata = true }, platform.Jobs.Asked);
        Assert.Contains("--metadata team: not of the form key=value", (await platform.RunAsync("jobs", "list", "--metadata", "team")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_SupervisedWithMetadata_NeedsNoGrader()
    {
        await using var platform = await FakePlatform.StartAsync();

        var run = await platform.RunAsync("jobs", "create", "--model", "tiny", "--train", "file-1", "--method", "supervised", "--metadata", "team=lab", "--set", "n_epochs=2");

        Assert.Equal(ExitCode.Ok, run.Code);
        var request = platform.Jobs.Created!;
        Assert.Equal((JobMethod.Supervised, "", 2, "lab"), (request.Method, request.GraderJson, request.Hyperparameters.NEpochs, request.Metadata["team"]));
    }

    [Fact]
    public async Task Create_ResponseFormat_IsReadFromItsFile()
    {
        await using var platform = await FakePlatform.StartAsync();
        var (grader, format) = (_folder.Write("grader.json", "{}"), _folder.Write("format.json", """{"type":"json_object"}"""));

        await platform.RunAsync("jobs", "create", "--model", "tiny", "--train", "file-1", "--grader", grader, "--response-format", format);

        Assert.Equal((JobMethod.Reinforcement, """{"type":"json_object"}"""), (platform.Jobs.Created!.Method, platform.Jobs.Created.ResponseFormatJson));
    }

    [Theory]
    [InlineData("--grader: missing", "--suffix", "x")]
    [InlineData("--method dpo: no such method; reinforcement or supervised", "--method", "dpo")]
    [InlineData("--metadata =x: not of the form key=value", "--method", "supervised", "--metadata", "=x")]
    public async Task Create_Mistake_IsNamedBeforeAnythingIsSent(string expected, params string[] options)
    {
        await using var platform = await FakePlatform.StartAsync();

        var run = await platform.RunAsync(["jobs", "create", "--model", "tiny", "--train", "file-1", .. options]);

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Null(platform.Jobs.Created);
    }
}
