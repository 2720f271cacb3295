using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;
using RftAspire.Services.Tests.Cli;

namespace RftAspire.Services.Tests.Training;

/// <summary>Whole jobs that learn from examples: Training alone.</summary>
public sealed class SupervisedJobTests : IDisposable
{
    private static readonly string[] s_colours = ["red", "blue", "green", "grey", "pink"];
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_Examples_LearnsThemAndTellsHowWell()
    {
        var store = WriteJob(_folder.Path, "job-1", steps: 40);
        await using var training = new TrainingUnderTest(_folder.Path);
        var succeeded = await RunAsync(training, "job-1");

        var steps = training.Published<StepTrained>();
        Assert.Equal(Enumerable.Range(1, 40), steps.Select(step => step.Step));
        Assert.True(steps[^1].Metrics["loss/train"] < 0.3 * steps[0].Metrics["loss/train"], $"{steps[0].Metrics["loss/train"]} to {steps[^1].Metrics["loss/train"]}");
        Assert.True(steps[^1].Metrics["accuracy/train"] > steps[0].Metrics["accuracy/train"]);
        Assert.Equal(2e-2, steps[0].Metrics["learning_rate"], 1e-12);
        Assert.Equal(2e-3, steps[^1].Metrics["learning_rate"], 1e-12);
        Assert.All(steps, step => Assert.True(step.Metrics["tokens/prompt"] > 0 && step.Metrics["tokens/trained"] > 0 && step.Metrics["time/training"] > 0));
        var evals = training.Published<EvalCompleted>();
        Assert.Equal([0, 20, 40], evals.Select(eval => eval.Step));
        Assert.True(evals[^1].Metrics["loss/valid"] < evals[0].Metrics["loss/valid"]);
        Assert.All(evals, eval => Assert.InRange(eval.Metrics["accuracy/valid"], 0, 1));
        Assert.Empty(training.Published<SamplePromptGroup>());
        using var tuned = CheckpointFolder.Load(store.ModelFolder("job-1-tuned")!);
        Assert.Equal(succeeded.WeightsDigest, CheckpointFolder.WeightsDigest(tuned));
    }

    [Fact]
    public async Task Run_SeveralEpochs_KeepsTheLastThree()
    {
        // Five rows, two a step: a pass ends with steps 3, 5, 8 and 10, and the job with step 11.
        var store = WriteJob(_folder.Path, "job-1", steps: 11);
        await using var training = new TrainingUnderTest(_folder.Path);
        await RunAsync(training, "job-1");
        var news = training.Published<CheckpointsKept>().DistinctBy(kept => kept.Change).Select(kept => string.Join(' ', kept.Checkpoints.Select(checkpoint => checkpoint.Step)));
        Assert.Equal(["3", "3 5", "3 5 8", "5 8 10", "8 10 11"], news);
        Assert.Equal(["job-1-tuned", "job-1-tuned=ckpt-step-10", "job-1-tuned=ckpt-step-11", "job-1-tuned=ckpt-step-8"],
            Directory.EnumerateDirectories(Path.GetDirectoryName(store.TunedModelFolder("x"))!).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Run_SameSpecTwice_SameWeights()
    {
        WriteJob(_folder.Path, "job-1");
        WriteJob(_folder.Path, "job-2");
        WriteJob(_folder.Path, "job-3", change: spec => spec with { Seed = 2 });
        WriteJob(_folder.Path, "job-4", change: spec => spec with { Hyperparameters = spec.Hyperparameters with { Precision = ProductPrecision.Bf16 } });
        await using var training = new TrainingUnderTest(_folder.Path);
        var digests = new List<string>();
        foreach (var job in new[] { "job-1", "job-2", "job-3", "job-4" }) digests.Add((await RunAsync(training, job)).WeightsDigest);
        Assert.Equal(digests[0], digests[1]);
        Assert.Equal(3, digests.Distinct().Count());
    }

    [Fact]
    public async Task Pause_RunningJob_SameWeightsAsWithout()
    {
        foreach (var job in new[] { "job-1", "job-2" }) WriteJob(_folder.Path, job, steps: 80);
        await using var training = new TrainingUnderTest(_folder.Path);
        await training.StartAsync("job-1");
        await training.PublishedAsync<StepTrained>();
        await training.Harness.Bus.Publish(new PauseTraining("job-1"));
        await training.PublishedAsync<JobPaused>();
        Assert.InRange(training.Published<StepTrained>()[^1].Step, 1, 79);
        var whole = await RunAsync(training, "job-2");
        await training.Harness.Bus.Publish(new StartTraining("job-1", 2));
        Assert.Equal(whole.WeightsDigest, (await training.PublishedAsync<JobSucceeded>(succeeded => succeeded.JobId == "job-1")).WeightsDigest);
    }

    [Theory]
    [InlineData("zzz", "line 1: messages[1] has 151 tokens after")]
    [InlineData("end", "config.json of the model has no eos_token_id")]
    public async Task Run_RowsThatCannotBeLearned_FailsWithTheReason(string fault, string message)
    {
        var store = WriteJob(_folder.Path, "job-1");
        if (fault == "zzz") WriteRows(store.TrainingPromptsFile("job-1"), new string('z', 150));
        else TinyModel.SaveWithTokenizer(store.ModelFolder("base")!);
        await using var training = new TrainingUnderTest(_folder.Path);
        await training.StartAsync("job-1");
        Assert.StartsWith(message, (await training.PublishedAsync<JobFailed>()).Message, StringComparison.Ordinal);
    }

    /// <summary>A job on five rows.</summary>
    internal static ArtifactStore WriteJob(string folder, string jobId, int steps = 5, Func<JobSpec, JobSpec>? change = null)
    {
        var store = TrainingUnderTest.WriteJob(folder, jobId, spec =>
        {
            spec = spec with
            {
                Method = TrainingMethod.Supervised,
                GraderJson = "",
                Hyperparameters = spec.Hyperparameters with { Steps = steps, PromptsPerStep = 2, LearningRate = 2e-2, EvalInterval = 20 },
            };
            return change?.Invoke(spec) ?? spec;
        });
        TrainingUnderTest.GiveEnd(store);
        WriteRows(store.TrainingPromptsFile(jobId), s_colours);
        WriteRows(store.ValidationPromptsFile(jobId), "red", "pink");
        return store;
    }

    private static void WriteRows(string path, params string[] answers) => File.WriteAllLines(path, answers.Select((answer, index) => JsonSerializer.Serialize(
        new PromptRow
        {
            Messages = [new PromptMessage("user", "name a colour"), new PromptMessage("assistant", answer)],
            Item = JsonElement.Parse("{}"),
            Line = index + 1,
            Learned = [1],
        }, ArtifactStore.Json)));

    private static async Task<JobSucceeded> RunAsync(TrainingUnderTest training, string jobId)
    {
        await training.StartAsync(jobId);
        return await training.PublishedAsync<JobSucceeded>(succeeded => succeeded.JobId == jobId);
    }
}
