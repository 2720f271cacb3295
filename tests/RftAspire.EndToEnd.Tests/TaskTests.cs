using RftAspire.Contracts.Jobs.V1;
using RftAspire.ForeignClients;
using RftAspire.Services.Tests.Cli;
using RftAspire.Services.Tests.Ingestion;

namespace RftAspire.EndToEnd.Tests;

/// <summary>The samples policy and gene, shortened: warm-up, job, and a reward that rises for every single grader.</summary>
[Collection(Platform.OneAtATime)]
public sealed class TaskTests
{
    // One mean over so many steps at each end.
    private const int Window = 5;

    [SharedDataFact]
    public async Task Job_PolicyAndGene_EveryGradersRewardRises()
    {
        using var scratch = new ScratchFolder();
        await WarmUpAsync(scratch, "policy", 150, "--epochs 2", "--copies 4", """{"decision":"{{item.decision}}","rules":{{item.rules}}}""");
        await WarmUpAsync(scratch, "gene", 60, "--epochs 6", "--copies 6 --values any-order", """{"genes":{{item.ranked_answers}}}""");
        await using var platform = await Platform.StartAsync(baseModels: Path.Combine(scratch.Path, "models"));

        var policy = await RunAsync(platform, scratch, "policy", new Hyperparameters { Steps = 40, GroupSize = 16, MaxCompletionTokens = 24, KlCoefficient = 0.05 });
        var gene = await RunAsync(platform, scratch, "gene", new Hyperparameters { Steps = 25, PromptsPerStep = 16, MaxCompletionTokens = 56 });

        AssertRises(policy, "decision", 0.05);
        AssertRises(policy, "rules", 0.05);
        AssertRises(gene, "gene", 0.05);
    }

    private static async Task WarmUpAsync(ScratchFolder scratch, string task, int rows, string epochs, string copies, string answer)
    {
        var data = Path.Combine(scratch.Path, $"{task}.jsonl");
        await File.WriteAllLinesAsync(data, File.ReadLines(SharedData.File($"{task}/train.jsonl")).Take(rows));
        await CliAsync(["datasets", "warmup", data, "--answer", answer, .. copies.Split(' '), "--output", Path.Combine(scratch.Path, $"{task}-rows.jsonl")]);
        await CliAsync(
        [
            "models", "tune", "--model", Path.Combine(NodeFactAttribute.Repository, "models", Platform.Model), "--data", Path.Combine(scratch.Path, $"{task}-rows.jsonl"),
            "--chat-template", Path.Combine(NodeFactAttribute.Repository, "samples", task, "chat_template.jinja"),
            .. epochs.Split(' '), "--output", Path.Combine(scratch.Path, "models", $"{task}-warm"),
        ]);
    }

    private static async Task<List<StepTrained>> RunAsync(Platform platform, ScratchFolder scratch, string task, Hyperparameters hyperparameters)
    {
        hyperparameters.PromptWordDropout = 0;
        var job = await platform.Jobs.CreateJobAsync(new CreateJobRequest
        {
            Model = $"{task}-warm",
            TrainingDatasetId = await platform.UploadAsync(await File.ReadAllTextAsync(Path.Combine(scratch.Path, $"{task}.jsonl"))),
            GraderJson = await File.ReadAllTextAsync(Path.Combine(NodeFactAttribute.Repository, "samples", task, "grader.json")),
            Hyperparameters = hyperparameters,
        });
        var (end, events) = await platform.FinishAsync(job.Id);
        Assert.Equal((JobState.Succeeded, null), (end.State, end.Error?.Message));
        return [.. events.Select(e => e.StepTrained).OfType<StepTrained>()];
    }

    private static void AssertRises(List<StepTrained> steps, string grader, double least)
    {
        var curve = steps.Select(step => step.Metrics[$"grader/{grader}/reward"]).ToList();
        var (first, last) = (curve.Take(Window).Average(), curve.TakeLast(Window).Average());
        Assert.True(last - first > least, $"{grader}: {first:0.000} to {last:0.000}; {string.Join(' ', curve.Select(reward => reward.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture)))}");
    }

    private static async Task CliAsync(string[] arguments)
    {
        var run = await CliRun.OfAsync(arguments);
        Assert.True(run.Code == 0, run.Error);
    }
}
