using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.EndToEnd.Tests;

/// <summary>Real broker, real Redis, every service, a real model. One platform at a time: each one wants both cores.</summary>
[Collection(Platform.OneAtATime)]
public sealed class RingTests
{
    private const int Steps = 4;

    [Fact]
    public async Task Job_OneOrTwoSamplersAndKilledWorkers_SameWeightsToTheLastBit()
    {
        await using var one = await Platform.StartAsync(samplers: 1);
        var plain = await one.FinishAsync((await one.CreateAsync(Steps)).Id);
        AssertSucceededOnPolicy(plain.Job, plain.Events);

        var killed = await RunWithKillsAsync(one);
        AssertSucceededOnPolicy(killed.Job, killed.Events);
        Assert.Equal(plain.Job.WeightsDigest, killed.Job.WeightsDigest);

        await one.DisposeAsync();
        await using var two = await Platform.StartAsync(samplers: 2);
        var shared = await two.FinishAsync((await two.CreateAsync(Steps)).Id);
        AssertSucceededOnPolicy(shared.Job, shared.Events);
        Assert.Equal(plain.Job.WeightsDigest, shared.Job.WeightsDigest);
    }

    /// <summary>Each worker is killed once while the job runs, at the step that has just been told.</summary>
    private static async Task<(Job Job, List<JobEvent> Events)> RunWithKillsAsync(Platform platform)
    {
        var job = await platform.CreateAsync(Steps);
        var victims = new Queue<string>(["sampling", "grading", "training"]);
        await foreach (var jobEvent in platform.WatchAsync(job.Id))
        {
            if (jobEvent.StepTrained is not null && victims.TryDequeue(out var victim)) await platform.KillAndRestartAsync(victim);
        }
        Assert.Empty(victims);
        return await platform.FinishAsync(job.Id);
    }

    private static void AssertSucceededOnPolicy(Job job, List<JobEvent> events)
    {
        Assert.Equal((JobState.Succeeded, null), (job.State, job.Error?.Message));
        var steps = events.Where(jobEvent => jobEvent.StepTrained is not null).Select(jobEvent => jobEvent.StepTrained).ToList();
        Assert.Equal(Enumerable.Range(1, Steps), steps.Select(step => step.Step));
        Assert.All(steps, step => Assert.Equal((1, 1, 0), (step.Metrics["ratio/min"], step.Metrics["ratio/max"], step.Metrics["kl/mismatch"])));
        Assert.Equal(64, job.WeightsDigest.Length);
    }
}
