using RftAspire.Contracts.Messages;
using RftAspire.Training;

namespace RftAspire.Services.Tests.Training;

public sealed class GradingPausesTests
{
    private readonly HandClock _clock = new();
    private readonly GradingPauses _pauses;

    public GradingPausesTests() => _pauses = new GradingPauses(_clock);

    [Fact]
    public void Current_NewsRepeated_LastsUntilTheGraderIsBack()
    {
        Assert.Null(_pauses.Current("job-1"));
        foreach (var second in new[] { 0, 10, 20, 30, 40 })
        {
            _clock.Seconds = second;
            Pause("a", $"cause at {second}");
        }

        Assert.Equal("cause at 0", _pauses.Current("job-1")?.Cause);
        Assert.Null(_pauses.Current("job-2"));
        _clock.Seconds = 45;
        _pauses.Resume(new GradingResumed("job-1", "a"));
        Assert.Null(_pauses.Current("job-1"));
        Assert.Equal(45, _pauses.Total("job-1").TotalSeconds, 3);
    }

    [Fact]
    public void Current_NewsOfTheEndLost_EndsWithSilence()
    {
        Pause("a", "refused");
        _clock.Seconds = 29;
        Assert.NotNull(_pauses.Current("job-1"));
        _clock.Seconds = 100;
        Assert.Null(_pauses.Current("job-1"));
        Assert.Equal(30, _pauses.Total("job-1").TotalSeconds, 3);
    }

    [Fact]
    public void Total_TwoGradersAway_CountsTheTimeOnce()
    {
        Pause("a", "refused");
        _clock.Seconds = 10;
        Pause("b", "refused");
        _clock.Seconds = 20;
        _pauses.Resume(new GradingResumed("job-1", "a"));
        Assert.NotNull(_pauses.Current("job-1"));
        _clock.Seconds = 25;
        _pauses.Resume(new GradingResumed("job-1", "b"));
        _clock.Seconds = 60;
        Assert.Equal(25, _pauses.Total("job-1").TotalSeconds, 3);

        Pause("a", "again");
        _clock.Seconds = 62;
        Assert.Equal(27, _pauses.Total("job-1").TotalSeconds, 3);
        Assert.Equal("again", _pauses.Current("job-1")?.Cause);
    }

    private void Pause(string grader, string cause) => _pauses.Pause(new GradingPaused("job-1", grader, cause));

    private sealed class HandClock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => (long)(Seconds * 1000);
    }
}
