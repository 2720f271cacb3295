using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;
using RftAspire.Services.Tests.Cli;

namespace RftAspire.Services.Tests.Training;

/// <summary>Jobs that are stopped for a while end as if they had not been.</summary>
public sealed class PauseTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Pause_Twice_SameWeightsAndFilesAsWithout()
    {
        var store = WriteJobs();
        await using var training = new TrainingUnderTest(_folder.Path, gradesUntilStep: 1, gate: _gate.Task);
        await training.StartAsync("job-2");
        await training.PublishedAsync<SamplePromptGroup>(command => command.Id.Step == 2);
        await PauseAsync(training, "job-2", 1);
        _gate.SetResult();
        await training.PublishedAsync<JobPaused>(paused => paused.Round == 1);
        // Told before it begins, so the round trains nothing.
        await PauseAsync(training, "job-2", 2);
        await training.Harness.Bus.Publish(new StartTraining("job-2", 2));
        await training.PublishedAsync<JobPaused>(paused => paused.Round == 2);

        var whole = await RunAsync(training, "job-1", round: 1);
        Assert.Equal(whole, await RunAsync(training, "job-2", round: 3));
        var files = Directory.EnumerateFiles(store.JobFolder("job-1"), "*.jsonl", SearchOption.AllDirectories).Where(file => file.Contains("rollouts", StringComparison.Ordinal)).ToList();
        Assert.Equal(["eval-00000.jsonl", "eval-00002.jsonl", "eval-00003.jsonl", "step-00001.jsonl", "step-00002.jsonl", "step-00003.jsonl"], files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var file in files)
            Assert.Equal(File.ReadAllText(file), File.ReadAllText(file.Replace("job-1", "job-2", StringComparison.Ordinal)).Replace("job-2", "job-1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pause_RunningJob_FinishesItsStepKeepsItAndFreesTheWorker()
    {
        var store = WriteJobs();
        TrainingUnderTest.WriteJob(_folder.Path, "job-3", spec => spec with { ValidationDatasetId = null, Hyperparameters = spec.Hyperparameters with { Steps = 1 } });
        await using var training = new TrainingUnderTest(_folder.Path, gradesUntilStep: 1, gate: _gate.Task);
        await training.StartAsync("job-2");
        await training.PublishedAsync<SamplePromptGroup>(command => command.Id is { Step: 2, JobId: "job-2" });
        await PauseAsync(training, "job-2", 1);
        _gate.SetResult();
        await training.PublishedAsync<JobPaused>();

        Assert.Equal([1, 2], training.Published<StepTrained>().Select(step => step.Step));
        var kept = Assert.Single(training.Published<CheckpointsKept>().Last().Checkpoints);
        Assert.Equal((2, "job-2-tuned:ckpt-step-2"), (kept.Step, kept.ModelName));
        Assert.Equal(training.Published<StepTrained>().Last().Metrics["reward/mean"], kept.Metrics["reward/mean"]);
        using (var model = CheckpointFolder.Load(store.ModelFolder(kept.ModelName)!)) Assert.Equal(kept.WeightsDigest, CheckpointFolder.WeightsDigest(model));
        await RunAsync(training, "job-3", round: 1);

        var paused = await RunAsync(training, "job-2", round: 2);
        Assert.Equal(await RunAsync(training, "job-1", round: 1), paused);
        Assert.Equal([1, 2], training.Published<TrainingStarted>().Where(started => started.JobId == "job-2").Select(started => started.Round));
    }

    [Fact]
    public async Task Pause_ProcessKilledBeforeItStopped_StaysPausedAndSaysSoWhenAsked()
    {
        WriteJobs();
        await using (var first = new TrainingUnderTest(_folder.Path, gradesUntilStep: 1))
        {
            await first.StartAsync("job-2");
            await first.PublishedAsync<SamplePromptGroup>(command => command.Id.Step == 2);
            await PauseAsync(first, "job-2", 1);
        }
        await using var second = new TrainingUnderTest(_folder.Path);
        var whole = await RunAsync(second, "job-1", round: 1);
        Assert.DoesNotContain(second.Published<TrainingStarted>(), started => started.JobId == "job-2");
        // The command of the round that is over comes again, late, and so does the one to pause it.
        await second.StartAsync("job-2");
        await PauseAsync(second, "job-2", 1);
        await second.PublishedAsync<JobPaused>(paused => paused == new JobPaused("job-2", 1));
        Assert.Equal(whole, await RunAsync(second, "job-2", round: 2));
        Assert.DoesNotContain(second.Published<SamplePromptGroup>(), command => command.Id is { JobId: "job-2", Step: 1, Purpose: GroupPurpose.Train });
    }

    [Fact]
    public async Task Pause_ValidatedVersion_IsNotValidatedAgain()
    {
        WriteJobs();
        await using (var first = new TrainingUnderTest(_folder.Path, gradesUntilStep: 0))
        {
            await first.StartAsync("job-1");
            await first.PublishedAsync<SamplePromptGroup>(command => command.Id.Step == 1);
        }
        await using var second = new TrainingUnderTest(_folder.Path);
        await RunAsync(second, "job-1", round: 1);
        Assert.Equal([0, 2, 3], second.Published<EvalCompleted>().Select(eval => eval.Step));
        Assert.DoesNotContain(second.Published<SamplePromptGroup>(), command => command.Id is { Step: 0 });
    }

    [Fact]
    public async Task Cancel_PausedJob_EndsItAndKeepsItsCheckpoint()
    {
        var store = WriteJobs();
        await using var training = new TrainingUnderTest(_folder.Path, gradesUntilStep: 1, gate: _gate.Task);
        await training.StartAsync("job-1");
        await training.PublishedAsync<SamplePromptGroup>(command => command.Id.Step == 2);
        await PauseAsync(training, "job-1", 1);
        _gate.SetResult();
        await training.PublishedAsync<JobPaused>();
        await training.Harness.Bus.Publish(new CancelTraining("job-1"));
        await training.PublishedAsync<JobCancelled>();
        Assert.NotNull(store.ModelFolder("job-1-tuned:ckpt-step-2"));
        Assert.Empty(training.Published<JobSucceeded>());
    }

    private ArtifactStore WriteJobs()
    {
        TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        return TrainingUnderTest.WriteJob(_folder.Path, "job-2");
    }

    private static async Task PauseAsync(TrainingUnderTest training, string jobId, int round)
    {
        await training.Harness.Bus.Publish(new PauseTraining(jobId, round));
        Assert.True(await training.Harness.Consumed.Any<PauseTraining>(consumed => consumed.Context.Message == new PauseTraining(jobId, round)));
    }

    private static async Task<string> RunAsync(TrainingUnderTest training, string jobId, int round)
    {
        await training.Harness.Bus.Publish(new StartTraining(jobId, round));
        return (await training.PublishedAsync<JobSucceeded>(succeeded => succeeded.JobId == jobId)).WeightsDigest;
    }
}
