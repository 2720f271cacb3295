using System.ComponentModel.DataAnnotations;

namespace RftAspire.Grading;

/// <summary>Settings of the grading worker, section <c>Grading</c>.</summary>
public sealed class GradingOptions
{
    /// <summary>Hosts that graders may reach, <c>host</c> or <c>host:port</c>, with commas between them; this machine alone unless set.</summary>
    public string AllowedHosts { get; init; } = "localhost, 127.0.0.1, ::1";

    /// <summary>Calls in flight to one endpoint at once.</summary>
    [Range(1, 1024)]
    public int Concurrency { get; init; } = 16;

    /// <summary>How long calls wait for an endpoint that is away before their rollouts stay ungraded.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan OutageLimit { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>A group that takes longer goes to the back of its queue, while its graders work on: no message is held for a minute.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:00:55")]
    public TimeSpan HoldLimit { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How long results of graders that cost something are kept; zero keeps none.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "365.00:00:00")]
    public TimeSpan CacheTime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Rows of the training file that worthless answers are tried on before a job starts.</summary>
    [Range(1, 64)]
    public int CanaryRows { get; init; } = 4;

    /// <summary>How long these trials may take before the job fails with what its grader is waiting for.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan CheckLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Share of a judge's range above which the mean of a worthless answer stops the job.</summary>
    [Range(0, 1)]
    public double CanaryMark { get; init; } = 0.5;
}
