using System.Text.Json;
using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;
using Shown = RftAspire.Contracts.Jobs.V1.Rollout;
using StepTrained = RftAspire.Contracts.Messages.StepTrained;

namespace RftAspire.Services.Tests.Jobs;

public sealed class RolloutQueryTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task ListRollouts_Pages_ReachEachOnceInOrder()
    {
        var id = await TrainAsync(steps: 3);
        foreach (var size in new[] { 1, 2, 3, 5, 100 })
        {
            var pages = await PagesAsync(new ListRolloutsRequest { JobId = id, PageSize = size });

            Assert.Equal(
                from step in Enumerable.Range(1, 3) from g in Enumerable.Range(0, 2) from i in Enumerable.Range(0, 3) select $"{step} {g} {i}",
                pages.SelectMany(page => page).Select(rollout => $"{rollout.Step} {rollout.Group} {rollout.Index}"));
            Assert.All(pages.SkipLast(1), page => Assert.Equal(size, page.Count));
            Assert.NotEmpty(pages[^1]);
        }
    }

    [RedisFact]
    public async Task ListRollouts_OneRollout_HasPromptPartsAndFault()
    {
        var id = await TrainAsync(steps: 1);

        var rollouts = (await service.Client.ListRolloutsAsync(new ListRolloutsRequest { JobId = id, PromptIndex = 1 })).Rollouts;

        Assert.Equal([0, 1, 2], rollouts.Select(rollout => rollout.Index));
        Assert.Equal("system: be brief\nuser: prompt 1", rollouts[0].Prompt);
        Assert.Equal(("answer 1.1.0", 2, "stop"), (rollouts[0].Completion, rollouts[0].CompletionTokens, rollouts[0].FinishReason));
        Assert.Equal((true, 0.5), (rollouts[0].HasReward, rollouts[0].Reward));
        Assert.Equal(("f1", "label_set", 0.5, "because"), (rollouts[0].Parts[0].Name, rollouts[0].Parts[0].Type, rollouts[0].Parts[0].Reward, rollouts[0].Parts[0].Explanation));
        Assert.Equal((false, "invalid_reference"), (rollouts[2].HasReward, rollouts[2].Ungraded.Kind));
        Assert.Null(rollouts[0].Ungraded);
    }

    [RedisFact]
    public async Task ListRollouts_Filters_LeaveOutTheOthers()
    {
        var id = await TrainAsync(steps: 2);

        Assert.Equal(["2 0 0", "2 0 1", "2 0 2"], await FindAsync(new() { JobId = id, Step = 2, PromptIndex = 0 }));
        Assert.Equal(["1 0 2", "1 1 2", "2 0 2", "2 1 2"], await FindAsync(new() { JobId = id, Ungraded = true }));
        // A reward is half the sum of group and place.
        Assert.Equal(["1 0 1", "1 1 0", "2 0 1", "2 1 0"], await FindAsync(new() { JobId = id, MinReward = 0.5, MaxReward = 0.5 }));
        Assert.Equal(["1 0 0", "2 0 0"], await FindAsync(new() { JobId = id, MaxReward = 0 }));
        Assert.Equal(["1 1 1", "2 1 1"], await FindAsync(new() { JobId = id, Grader = "f1", MinReward = 0.75 }));
        Assert.Empty(await FindAsync(new() { JobId = id, Step = 3 }));
        Assert.Empty(await FindAsync(new() { JobId = id, PromptIndex = 7 }));
    }

    [RedisFact]
    public async Task ListRollouts_OfEvals_AreReadByTheirVersion()
    {
        var id = await TrainAsync(steps: 1);
        Write(service.Artifacts.EvalRolloutsFile(id, 0), [Group(id, 0, GroupPurpose.EvalGreedy, 0, 1), Group(id, 0, GroupPurpose.EvalSampled, 0, 2)]);
        Write(service.Artifacts.EvalRolloutsFile(id, 12345), [Group(id, 12345, GroupPurpose.EvalGreedy, 0, 1)]);

        Assert.Equal(["0 0 0", "12345 0 0"], await FindAsync(new() { JobId = id, Purpose = "eval_greedy" }));
        Assert.Equal(["0 0 0", "0 0 1"], await FindAsync(new() { JobId = id, Purpose = "eval_sampled" }));
        Assert.Equal(["12345 0 0"], await FindAsync(new() { JobId = id, Purpose = "eval_greedy", Step = 12345 }));
        Assert.Empty(await FindAsync(new() { JobId = id, Purpose = "eval_greedy", Step = 7 }));
    }

    [RedisFact]
    public async Task ListRollouts_LongTexts_MakeShorterPages()
    {
        var id = await TrainAsync(steps: 1);
        var group = Group(id, 1, GroupPurpose.Train, 0, 3);
        Write(service.Artifacts.RolloutsFile(id, 1), [group with { Rollouts = [.. group.Rollouts.Select(graded => graded with { Rollout = graded.Rollout with { Text = new string('x', 2 << 20) } })] }]);

        Assert.Equal([1, 1, 1], (await PagesAsync(new() { JobId = id })).Select(page => page.Count));
    }

    [RedisFact]
    public async Task ListRollouts_Nonsense_IsRefusedByField()
    {
        var id = await TrainAsync(steps: 1);
        var request = new ListRolloutsRequest
        {
            JobId = id,
            Purpose = "test",
            Step = -1,
            PromptIndex = -1,
            MinReward = 2,
            MaxReward = 1,
            Grader = "f2",
            Ungraded = true,
        };

        Assert.Equal(["purpose", "step", "prompt_index", "ungraded", "min_reward", "grader"], Fields(await RefusedAsync(request)));
        Assert.Contains("the job has no grader 'f2'; there are: f1", (await RefusedAsync(new() { JobId = id, Grader = "f2" })).Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task ListRollouts_TokenOfAnotherQuery_IsRefused()
    {
        var id = await TrainAsync(steps: 1);
        var token = (await service.Client.ListRolloutsAsync(new() { JobId = id, PageSize = 1 })).NextPageToken;
        ListRolloutsRequest[] wrong =
        [
            new() { JobId = id, PageToken = token, Step = 1 },
            new() { JobId = id, PageToken = token[..^2] },
            new() { JobId = id, PageToken = "!" },
            new() { JobId = id, PageToken = "AAAA" },
        ];

        foreach (var request in wrong) Assert.Equal(["page_token"], Fields(await RefusedAsync(request)));
        // The size of the pages may change between them.
        Assert.Equal(5, (await service.Client.ListRolloutsAsync(new() { JobId = id, PageToken = token, PageSize = 7 })).Rollouts.Count);
    }

    [RedisFact]
    public async Task ListRollouts_FileThatChangedUnderTheToken_IsRefused()
    {
        var id = await TrainAsync(steps: 1);
        var token = (await service.Client.ListRolloutsAsync(new() { JobId = id, PageSize = 3 })).NextPageToken;
        Write(service.Artifacts.RolloutsFile(id, 1), [Group(id, 1, GroupPurpose.Train, 0, 1)]);

        Assert.Equal(["page_token"], Fields(await RefusedAsync(new() { JobId = id, PageToken = token })));
    }

    [RedisTheory]
    [InlineData("", "is missing")]
    [InlineData("{\"id\":", "the last line is cut off")]
    [InlineData("{\"id\":\n", "is damaged at byte 0")]
    [InlineData("null\n", "is damaged at byte 0")]
    public async Task ListRollouts_MissingOrDamagedFile_IsAnErrorThatNamesIt(string content, string fault)
    {
        var id = await TrainAsync(steps: 1);
        var file = service.Artifacts.RolloutsFile(id, 1);
        if (content.Length == 0) File.Delete(file);
        else await File.WriteAllTextAsync(file, content);

        var error = await FailsAsync(async () => await service.Client.ListRolloutsAsync(new() { JobId = id }), StatusCode.DataLoss);

        Assert.StartsWith($"jobs/{id}/rollouts/step-00001.jsonl", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains(fault, error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task ListRollouts_ShortPromptsFile_IsAnErrorThatNamesIt()
    {
        var id = await TrainAsync(steps: 1);
        await File.WriteAllTextAsync(service.Artifacts.TrainingPromptsFile(id), "");

        var error = await FailsAsync(async () => await service.Client.ListRolloutsAsync(new() { JobId = id }), StatusCode.DataLoss);

        Assert.Equal($"jobs/{id}/prompts.train.jsonl has 0 rows, but rollouts name row 1", error.Status.Detail);
    }

    private async Task<RpcException> RefusedAsync(ListRolloutsRequest request) =>
        await FailsAsync(async () => await service.Client.ListRolloutsAsync(request), StatusCode.InvalidArgument);

    private async Task<IEnumerable<string>> FindAsync(ListRolloutsRequest request) =>
        (await PagesAsync(request)).SelectMany(page => page).Select(rollout => $"{rollout.Step} {rollout.Group} {rollout.Index}");

    private async Task<List<IReadOnlyList<Shown>>> PagesAsync(ListRolloutsRequest request)
    {
        var pages = new List<IReadOnlyList<Shown>>();
        do
        {
            var page = await service.Client.ListRolloutsAsync(request);
            pages.Add(page.Rollouts);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return pages;
    }

    /// <summary>A job that has been told of steps, each with two groups of three rollouts in its file.</summary>
    private async Task<string> TrainAsync(int steps)
    {
        var id = (await service.Client.CreateJobAsync(await service.RequestAsync())).Id;
        for (var step = 1; step <= steps; step++)
        {
            Write(service.Artifacts.RolloutsFile(id, step), [Group(id, step, GroupPurpose.Train, 0, 3), Group(id, step, GroupPurpose.Train, 1, 3)]);
            await service.PublishAsync(new StepTrained(id, step, 9, []));
        }
        PromptRow[] rows = [.. Enumerable.Range(0, 2).Select(row => new PromptRow
        {
            Messages = [new PromptMessage("system", "be brief"), new PromptMessage("user", $"prompt {row}")],
            Item = JsonDocument.Parse("{}").RootElement,
            Line = row + 1,
        })];
        Write(service.Artifacts.TrainingPromptsFile(id), rows);
        Write(service.Artifacts.ValidationPromptsFile(id), rows);
        await JobsUnderTest.UntilAsync(async () => (await service.Client.GetJobAsync(new GetJobRequest { JobId = id })).Step == steps);
        return id;
    }

    private static PromptGroupGraded Group(string id, int step, GroupPurpose purpose, int group, int size) => new()
    {
        Id = new GroupId(id, step, purpose, group, group),
        WeightsVersion = step,
        PromptTokens = [1, 2],
        Rollouts = [.. Enumerable.Range(0, size).Select(i => Graded($"answer {step}.{group}.{i}", i, i == 2 ? null : 0.5 * group + 0.5 * i))],
    };

    private static GradedRollout Graded(string text, int index, double? reward) => new()
    {
        Rollout = new() { Index = index, CompletionTokens = [3, 4], SamplingLogprobs = [-1, -2], Text = text, FinishReason = FinishReason.Stop },
        Reward = reward,
        Error = reward is null ? new GradingError("invalid_reference", "the row has no labels") : null,
        Parts = [new GraderPart { Name = "f1", Type = "label_set", Reward = reward, Explanation = "because" }],
    };

    private static void Write<T>(string path, IEnumerable<T> rows) => ArtifactStore.WriteAtomically(path, stream =>
    {
        foreach (var row in rows)
        {
            JsonSerializer.Serialize(stream, row, ArtifactStore.Json);
            stream.WriteByte((byte)'\n');
        }
    });
}
