using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.Files;
using EvalCompleted = RftAspire.Contracts.Messages.EvalCompleted;
using StepTrained = RftAspire.Contracts.Messages.StepTrained;

namespace RftAspire.Services.Tests.Jobs.Metrics;

public sealed class ResultsTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task End_OfATrainedJob_LeavesItsMetricsInAFile()
    {
        var id = await RunAsync(
            new EvalCompleted("", 0, new() { ["reward/greedy"] = 0.25, ["grader/f1/greedy"] = 0.25 }),
            new StepTrained("", 1, 2, new() { ["reward/mean"] = 0.5, ["completion_tokens/mean"] = 3, ["rollouts/count"] = 8, ["rollouts/ungraded"] = 2, ["grader/f1/reward"] = 0.125, ["grader/f1/ungraded/invalid_reference"] = 2 }),
            new StepTrained("", 2, 2, new() { ["reward/mean"] = 1e-7 }),
            new EvalCompleted("", 2, new() { ["reward/sampled"] = 0.75, ["rollouts/count"] = 4 }),
            new JobSucceeded("", "base-tuned", "beef"));

        var job = await service.Client.GetJobAsync(new GetJobRequest { JobId = id });
        var file = (await service.Services.GetRequiredService<FileStore>().FindAsync("default", job.ResultFileId))!;
        var text = await File.ReadAllTextAsync(service.Artifacts.OtherFile(job.ResultFileId));
        Assert.Equal(("fine-tune-results", text.Length), (file.Purpose, (int)file.Bytes));
        Assert.Equal(
            """
            step,train_mean_reward,full_valid_mean_reward,completion_tokens_mean,reasoning_tokens_mean,mean_unresponsive_rewards,full_valid_mean_parse_error,graders/f1/train_reward_mean,graders/f1/valid_reward_mean,errors/graders/f1/train_other_error_count,errors/graders/f1/train_sample_parse_error_count,errors/graders/f1/train_invalid_variable_error_count
            0,,0.25,,,,0,,0.25,,,
            1,0.5,,3,0,0.25,,0.125,,0,0,2
            2,1E-07,0.75,,0,,0,,,0,0,0

            """.ReplaceLineEndings("\n"),
            text);
    }

    [RedisFact]
    public async Task End_ToldAgain_WritesNothingMore()
    {
        var id = await RunAsync(new StepTrained("", 1, 1, new() { ["reward/mean"] = 0.5 }), new JobFailed("", "diverged", "the loss is no number"));
        var job = await service.Client.GetJobAsync(new GetJobRequest { JobId = id });
        File.Delete(service.Artifacts.OtherFile(job.ResultFileId));

        await service.PublishAsync(new JobFailed(id, "diverged", "again"));
        // The queue has one order: what is behind the repeated end has seen it.
        await service.PublishAsync(new StepTrained(id, 2, 2, []));
        await UntilAsync(id, job => job.Step == 2);

        Assert.False(File.Exists(service.Artifacts.OtherFile(job.ResultFileId)));
        Assert.Equal(job.ResultFileId, (await service.Client.GetJobAsync(new GetJobRequest { JobId = id })).ResultFileId);
    }

    [RedisFact]
    public async Task End_BeforeTraining_HasAFileWithoutRows()
    {
        var id = await RunAsync(new DatasetsRejected("", []));

        var job = await service.Client.GetJobAsync(new GetJobRequest { JobId = id });
        Assert.Single(await File.ReadAllLinesAsync(service.Artifacts.OtherFile(job.ResultFileId)));
    }

    [RedisFact]
    public async Task Create_FromAResultFile_IsRefused()
    {
        var id = await RunAsync(new JobCancelled(""));
        var request = await service.RequestAsync();
        request.TrainingDatasetId = (await service.Client.GetJobAsync(new GetJobRequest { JobId = id })).ResultFileId;

        var error = await JobsUnderTest.FailsAsync(async () => await service.Client.CreateJobAsync(request), Grpc.Core.StatusCode.InvalidArgument);

        Assert.Contains("is a file of purpose fine-tune-results", error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Costs_StepsAndEvals_CountOnceHoweverOftenTheyAreTold()
    {
        var step = new StepTrained("", 1, 2, new()
        {
            ["tokens/prompt"] = 100,
            ["tokens/completion"] = 40,
            ["tokens/trained"] = 30,
            ["grader/a/tokens/prompt"] = 7,
            ["grader/b/tokens/prompt"] = 3,
            ["grader/b/tokens/completion"] = 2,
            ["grader/b/tokens"] = 5,
            ["time/sampling"] = 1.5,
            ["time/training"] = 0.25,
        });
        var eval = new EvalCompleted("", 1, new() { ["tokens/prompt"] = 10, ["tokens/completion"] = 4, ["grader/a/tokens/completion"] = 1, ["time/eval"] = 0.5 });

        var id = await RunAsync(step, step, eval, eval, step with { Step = 2 }, new JobSucceeded("", "base-tuned", "beef"));

        Assert.Equal(
            new JobCosts
            {
                PromptTokens = 210,
                CompletionTokens = 84,
                TrainedTokens = 60,
                JudgePromptTokens = 20,
                JudgeCompletionTokens = 5,
                SamplingSeconds = 3,
                TrainingSeconds = 0.5,
                EvalSeconds = 0.5,
            },
            (await service.Client.GetJobAsync(new GetJobRequest { JobId = id })).Costs);
    }

    /// <summary>A job that has been told all this, the last of which ends it.</summary>
    private async Task<string> RunAsync(params object[] news)
    {
        var id = (await service.Client.CreateJobAsync(await service.RequestAsync())).Id;
        foreach (var one in news)
        {
            await service.PublishAsync(one switch
            {
                StepTrained step => step with { JobId = id },
                EvalCompleted eval => eval with { JobId = id },
                JobSucceeded end => end with { JobId = id },
                JobFailed end => end with { JobId = id },
                JobCancelled => new JobCancelled(id),
                DatasetsRejected end => end with { JobId = id },
                _ => throw new ArgumentException($"{one}"),
            });
        }
        await UntilAsync(id, job => job.ResultFileId.Length > 0);
        return id;
    }

    private async Task UntilAsync(string id, Predicate<Job> holds) =>
        await JobsUnderTest.UntilAsync(async () => holds(await service.Client.GetJobAsync(new GetJobRequest { JobId = id })));
}
