using System.Diagnostics;
using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;
using RftAspire.Services.Tests.Cli;

namespace RftAspire.Services.Tests.Training;

/// <summary>Whole jobs: Training and Sampling together, a stand-in for Grading.</summary>
public sealed class TrainingJobTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_Job_TellsEveryStepAndLeavesTheModel()
    {
        var store = TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        await using var training = new TrainingUnderTest(_folder.Path);
        var succeeded = await RunAsync(training, "job-1");

        Assert.Equal(3, Assert.Single(training.Published<TrainingStarted>()).TotalSteps);
        var steps = training.Published<StepTrained>();
        Assert.Equal([1, 2, 3], steps.Select(step => step.Step));
        Assert.All(steps, step => Assert.Equal((1.0, 1.0, 0.0), (step.Metrics["ratio/min"], step.Metrics["ratio/max"], step.Metrics["kl/mismatch"])));
        Assert.All(steps, step => Assert.Equal((16.0, 0.0, 6.0), (step.Metrics["rollouts/count"], step.Metrics["rollouts/ungraded"], step.Metrics["completion_tokens/mean"])));
        Assert.Equal([1, 2, 3], training.Published<WeightsPublished>().Select(published => published.Weights.Version));
        Assert.Equal([0, 2, 3], training.Published<EvalCompleted>().Select(eval => eval.Step));
        Assert.All(training.Published<EvalCompleted>(), eval => Assert.InRange(eval.Metrics["reward/greedy"] + eval.Metrics["reward/sampled"], 0, 2));

        Assert.Equal("job-1-tuned", succeeded.ModelName);
        using var tuned = CheckpointFolder.Load(store.ModelFolder("job-1-tuned")!);
        Assert.Equal(succeeded.WeightsDigest, CheckpointFolder.WeightsDigest(tuned));
        Assert.NotEqual(succeeded.WeightsDigest, CheckpointFolder.WeightsDigest(CheckpointFolder.Load(store.ModelFolder("base")!)));
        Assert.Equal([4, 4, 4], Enumerable.Range(1, 3).Select(step => File.ReadLines(store.RolloutsFile("job-1", step)).Count()));
        Assert.All(steps, step => Assert.Equal((96.0, 96.0), (step.Metrics["tokens/completion"], step.Metrics["tokens/trained"])));
        Assert.All([.. steps.Select(step => step.Metrics["time/sampling"]), .. training.Published<EvalCompleted>().Select(eval => eval.Metrics["time/eval"])], seconds => Assert.True(seconds > 0));
        var eval = File.ReadLines(store.EvalRolloutsFile("job-1", 2)).Select(line => JsonSerializer.Deserialize<PromptGroupGraded>(line, ArtifactStore.Json)!).ToList();
        Assert.Equal([(GroupPurpose.EvalGreedy, 1), (GroupPurpose.EvalGreedy, 1), (GroupPurpose.EvalGreedy, 1), (GroupPurpose.EvalSampled, 2), (GroupPurpose.EvalSampled, 2), (GroupPurpose.EvalSampled, 2)],
            eval.Select(group => (group.Id.Purpose, group.Rollouts.Length)));
        var sampled = training.Published<EvalCompleted>().Single(told => told.Step == 2).Metrics["reward/sampled"];
        Assert.Equal(sampled, eval.Skip(3).SelectMany(group => group.Rollouts).Average(rollout => rollout.Reward!.Value), 1e-12);
    }

    [Fact]
    public async Task Run_SameSpecTwice_SameWeights()
    {
        TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        TrainingUnderTest.WriteJob(_folder.Path, "job-2");
        TrainingUnderTest.WriteJob(_folder.Path, "job-3", spec => spec with { Seed = 2 });
        await using var training = new TrainingUnderTest(_folder.Path);
        var first = await RunAsync(training, "job-1");
        Assert.Equal(first.WeightsDigest, (await RunAsync(training, "job-2")).WeightsDigest);
        Assert.NotEqual(first.WeightsDigest, (await RunAsync(training, "job-3")).WeightsDigest);
    }

    [Fact]
    public async Task Run_ProductsInBf16_SamplerAndLearnerAgreeToTheLastBit()
    {
        TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        TrainingUnderTest.WriteJob(_folder.Path, "job-2", spec => spec with { Hyperparameters = spec.Hyperparameters with { Precision = ProductPrecision.Bf16 } });
        await using var training = new TrainingUnderTest(_folder.Path);
        var single = await RunAsync(training, "job-1");
        var half = await RunAsync(training, "job-2");
        Assert.NotEqual(single.WeightsDigest, half.WeightsDigest);
        var steps = training.Published<StepTrained>().Where(step => step.JobId == "job-2").ToList();
        Assert.Equal(3, steps.Count);
        Assert.All(steps, step => Assert.Equal((1.0, 1.0, 0.0), (step.Metrics["ratio/min"], step.Metrics["ratio/max"], step.Metrics["kl/mismatch"])));
        Assert.All(training.Published<WeightsPublished>().Where(published => published.JobId == "job-2"),
            published => Assert.Equal(ProductPrecision.Bf16, published.Weights.Precision));
    }

    [Fact]
    public async Task Run_LowRankAdapter_IsSampledAsItLearnsAndMergedIntoTheModel()
    {
        JobSpec Adapted(JobSpec spec) => spec with { Hyperparameters = spec.Hyperparameters with { LoraRank = 2, KlCoefficient = 0.1 } };
        TrainingUnderTest.WriteJob(_folder.Path, "job-1", Adapted);
        string whole;
        await using (var training = new TrainingUnderTest(_folder.Path))
        {
            whole = (await RunAsync(training, "job-1")).WeightsDigest;
            Assert.All(training.Published<StepTrained>(), step => Assert.Equal((1.0, 1.0, 0.0), (step.Metrics["ratio/min"], step.Metrics["ratio/max"], step.Metrics["kl/mismatch"])));
            Assert.True(training.Published<StepTrained>().Last().Metrics["kl/reference"] > 0);
            var (frozen, tuned) = (CheckpointFolder.Load(training.Store.ModelFolder("base")!), CheckpointFolder.Load(training.Store.ModelFolder("job-1-tuned")!));
            Assert.NotEqual(CheckpointFolder.WeightsDigest(frozen), CheckpointFolder.WeightsDigest(tuned));
            // Embeddings have no adapter.
            Assert.Equal(frozen.Tensor(frozen.Layout.Tensors[0]).ToArray(), tuned.Tensor(tuned.Layout.Tensors[0]).ToArray());
            frozen.Dispose();
            tuned.Dispose();
        }

        TrainingUnderTest.WriteJob(_folder.Path, "job-2", Adapted);
        await using (var first = new TrainingUnderTest(_folder.Path, gradesUntilStep: 1))
        {
            await first.StartAsync("job-2");
            await first.PublishedAsync<SamplePromptGroup>(command => command.Id.Step == 2);
        }
        await using var second = new TrainingUnderTest(_folder.Path);
        Assert.Equal(whole, (await second.PublishedAsync<JobSucceeded>()).WeightsDigest);
    }

    [Fact]
    public async Task Run_StoppedAfterAStepAndResumed_SameWeights()
    {
        TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        string whole;
        await using (var training = new TrainingUnderTest(_folder.Path)) whole = (await RunAsync(training, "job-1")).WeightsDigest;

        TrainingUnderTest.WriteJob(_folder.Path, "job-2");
        await using (var first = new TrainingUnderTest(_folder.Path, gradesUntilStep: 1))
        {
            await first.StartAsync("job-2");
            await first.PublishedAsync<StepTrained>();
            await first.PublishedAsync<SamplePromptGroup>(command => command.Id.Step == 2);
        }
        await using var second = new TrainingUnderTest(_folder.Path);
        Assert.Equal(whole, (await second.PublishedAsync<JobSucceeded>()).WeightsDigest);
        Assert.Equal([1, 2, 3], second.Published<StepTrained>().Select(step => step.Step));
        Assert.DoesNotContain(second.Published<SamplePromptGroup>(), command => command.Id is { Step: 1, Purpose: GroupPurpose.Train });
    }

    [Fact]
    public async Task Start_JobThatHasEnded_SaysAgainHow()
    {
        TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        string digest;
        await using (var training = new TrainingUnderTest(_folder.Path)) digest = (await RunAsync(training, "job-1")).WeightsDigest;
        await using var later = new TrainingUnderTest(_folder.Path);
        Assert.Equal(digest, (await RunAsync(later, "job-1")).WeightsDigest);
        await later.Harness.Bus.Publish(new CancelTraining("job-1"));
        Assert.True(await later.Harness.Consumed.Any<CancelTraining>());
        Assert.Empty(later.Published<StepTrained>());
        Assert.Empty(later.Published<JobCancelled>());
    }

    [Fact]
    public async Task Cancel_RunningJob_EndsItSoon()
    {
        TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        TrainingUnderTest.WriteJob(_folder.Path, "job-2", spec => spec with { ValidationDatasetId = null, Hyperparameters = spec.Hyperparameters with { Steps = 1 } });
        await using var training = new TrainingUnderTest(_folder.Path, gradesUntilStep: 1);
        await training.StartAsync("job-1");
        await training.PublishedAsync<SamplePromptGroup>(command => command.Id.Step == 2);
        var asked = Stopwatch.StartNew();
        await training.Harness.Bus.Publish(new CancelTraining("job-1"));
        Assert.Equal("job-1", (await training.PublishedAsync<JobCancelled>()).JobId);
        // An idle machine takes milliseconds; no deadline of the exchange is this short.
        Assert.InRange(asked.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.Equal("job-2", (await RunAsync(training, "job-2")).JobId);
        Assert.DoesNotContain(training.Published<JobSucceeded>(), job => job.JobId == "job-1");
    }

    [Fact]
    public async Task Cancel_BeforeStart_IsNotForgotten()
    {
        TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        await using var training = new TrainingUnderTest(_folder.Path);
        await training.Harness.Bus.Publish(new CancelTraining("job-1"));
        await training.PublishedAsync<JobCancelled>();
        Assert.Empty(training.Published<TrainingStarted>());
    }

    [Theory]
    [InlineData("model_not_found", "there is no model 'elsewhere'")]
    [InlineData("prompt_too_long", "line 4: the prompt has ")]
    [InlineData("invalid_checkpoint", "model.safetensors")]
    public async Task Run_JobThatCannot_FailsWithItsReason(string code, string message)
    {
        var store = TrainingUnderTest.WriteJob(_folder.Path, "job-1", spec => code == "model_not_found" ? spec with { Model = "elsewhere" } : spec);
        if (code == "prompt_too_long") TrainingUnderTest.WritePrompts(store.TrainingPromptsFile("job-1"), "a", "b", "c", new string('x', 123), "d");
        if (code == "invalid_checkpoint") File.WriteAllText(Path.Combine(store.ModelFolder("base")!, "model.safetensors"), "cut off");
        await using var training = new TrainingUnderTest(_folder.Path);
        await training.StartAsync("job-1");
        var failed = await training.PublishedAsync<JobFailed>();
        Assert.Equal(("job-1", code), (failed.JobId, failed.Code));
        Assert.Contains(message, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WorkerThatFailsOnAGroup_FailsAtOnceWithItsReason()
    {
        TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        await using var training = new TrainingUnderTest(_folder.Path, gradesUntilStep: 1, graderThrows: true);
        await training.StartAsync("job-1");
        var failed = await training.PublishedAsync<JobFailed>();
        Assert.Equal(("job-1", "grading_failed"), (failed.JobId, failed.Code));
        Assert.Matches("^step 2, group [0-3]: the grader's file is gone$", failed.Message);
    }

    private static async Task<JobSucceeded> RunAsync(TrainingUnderTest training, string jobId)
    {
        await training.StartAsync(jobId);
        return await training.PublishedAsync<JobSucceeded>(succeeded => succeeded.JobId == jobId);
    }
}
