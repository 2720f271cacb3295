using RftAspire.Cli.Jobs;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Services.Tests.Cli;

public class JobProgressTests
{
    [Fact]
    public void TimeLeft_ManySteps_AveragesTheLastTen()
    {
        var progress = new JobProgress();
        progress.Apply(JobEventSamples.Step(1, 1, 20, seconds: 1000));
        for (var step = 2; step <= 11; step++) progress.Apply(JobEventSamples.Step(step, step, 20, seconds: 3));
        Assert.Equal(TimeSpan.FromSeconds(27), progress.TimeLeft);
    }

    [Fact]
    public void Of_StepWithMetrics_TellsRewardRateAndTimeLeft()
    {
        var progress = new JobProgress();
        progress.Apply(JobEventSamples.State(1, JobState.Running));
        progress.Apply(JobEventSamples.Step(2, 5, 160, reward: 0.4321, seconds: 2));
        Assert.Equal("step 5/160  reward 0.432  12,346 tokens/s  5:10 left", WatchText.Of(progress));
    }

    [Fact]
    public void Of_StepWithoutMetrics_TellsTheStepAlone()
    {
        var progress = new JobProgress();
        progress.Apply(new() { StepTrained = new() { Step = 1, TotalSteps = 3 } });
        Assert.Equal("step 1/3", WatchText.Of(progress));
    }

    [Fact]
    public void Of_Evals_TellGreedyAndSampled()
    {
        Assert.Equal("eval of the base model:  greedy 0.300  sampled 0.200", WatchText.Of(JobEventSamples.Eval(1, 0, 0.3, 0.2)));
        Assert.Equal("eval after step 20:  greedy 0.500  sampled 0.400", WatchText.Of(JobEventSamples.Eval(1, 20, 0.5, 0.4)));
    }

    [Fact]
    public void Of_SupervisedJob_TellsLossAndAccuracy()
    {
        var progress = new JobProgress();
        progress.Apply(new() { StepTrained = new() { Step = 1, TotalSteps = 3, Metrics = { ["loss/train"] = 1.5 } } });
        Assert.Equal("step 1/3  loss 1.500", WatchText.Of(progress));
        Assert.Equal("eval after step 3:  loss 1.250  accuracy 0.500",
            WatchText.Of(new JobEvent { EvalCompleted = new() { Step = 3, Metrics = { ["loss/valid"] = 1.25, ["accuracy/valid"] = 0.5 } } }));
    }

    [Theory]
    [InlineData(59, "0:59")]
    [InlineData(600, "10:00")]
    [InlineData(90061, "25:01:01")]
    public void Duration_AnyLength_ReadsAsAClock(int seconds, string expected)
    {
        Assert.Equal(expected, WatchText.Duration(TimeSpan.FromSeconds(seconds)));
    }
}
