using System.Diagnostics.Metrics;

namespace RftAspire.Grading;

/// <summary>What operators see of grading, on the platform's meter.</summary>
internal static class GradingMetrics
{
    private static readonly Meter s_meter = new(Extensions.TelemetryName);

    /// <summary>By result: <c>graded</c>, or the kind of the ungraded.</summary>
    public static readonly Counter<long> Rollouts = s_meter.CreateCounter<long>("rft.grading.rollouts", "{rollout}", "Rollouts graded, and left ungraded by kind.");

    /// <summary>By grader and type.</summary>
    public static readonly Histogram<double> Duration = s_meter.CreateHistogram<double>("rft.grading.duration", "s", "Time one grader took for one rollout.");

    public static readonly Counter<long> CacheLookups = s_meter.CreateCounter<long>("rft.grading.cache.lookups", "{lookup}", "Looks for a kept result, by whether there was one.");

    public static readonly UpDownCounter<long> Groups = s_meter.CreateUpDownCounter<long>("rft.grading.groups", "{group}", "Groups whose grading has not ended.");

    /// <summary>By endpoint: 0 closed, 1 trying whether the service is back, 2 open.</summary>
    public static readonly Gauge<int> Circuits = s_meter.CreateGauge<int>("rft.grading.circuit", null, "Whether calls to an endpoint wait for its return.");
}
