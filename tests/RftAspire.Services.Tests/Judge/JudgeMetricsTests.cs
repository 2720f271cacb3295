using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using RftAspire.Contracts;

namespace RftAspire.Services.Tests.Judge;

public sealed class JudgeMetricsTests
{
    [Fact]
    public async Task Score_Telemetry_CountsCallsAndHoldsNothingOfWhatIsJudged()
    {
        const string Model = "measured";
        var (measured, activities) = (new ConcurrentDictionary<string, double>(), new ConcurrentQueue<Activity>());
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, meters) =>
            {
                if (instrument.Meter.Name == Extensions.TelemetryName) meters.EnableMeasurementEvents(instrument);
            },
        };
        void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            // Other tests measure at the same time.
            if (tags.Length == 0 || tags[0].Value as string != Model) return;
            var name = tags.Length > 1 ? $"{instrument.Name} {tags[1].Value}" : instrument.Name;
            measured.AddOrUpdate(name, value, (_, sum) => sum + value);
        }
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.Start();
        using var traces = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Extensions.TelemetryName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.GetTagItem("judge.model") as string == Model) activities.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(traces);

        await using var judge = await JudgeUnderTest.StartAsync();
        await judge.ScoreAsync(Model, _ => StubAnswer.Score(1));
        await judge.ScoreAsync(Model, _ => StubAnswer.Refusal("no"));

        Assert.Equal((1, 1), (measured["rft.judge.calls verdict"], measured[$"rft.judge.calls {JudgeFailureKind.Refused}"]));
        Assert.Equal((200, 40), (measured["rft.judge.tokens prompt"], measured["rft.judge.tokens completion"]));
        Assert.Equal(0, measured["rft.judge.in_flight"]);
        Assert.True(measured["rft.judge.duration"] > 0);
        Assert.Equal(["verdict", JudgeFailureKind.Refused], activities.Select(activity => activity.GetTagItem("judge.outcome")));
        Assert.All(activities.SelectMany(activity => activity.TagObjects), tag => Assert.DoesNotContain("Paris", $"{tag.Value}", StringComparison.Ordinal));
    }
}
