using System.ComponentModel.DataAnnotations;

namespace RftAspire.Grading;

/// <summary>Settings of grading, section <c>Grading</c>.</summary>
public sealed class GradingOptions
{
    /// <summary>Rows of the training file that worthless answers are tried on before a job starts.</summary>
    [Range(1, 64)]
    public int CanaryRows { get; set; } = 4;

    /// <summary>Share of a judge's range above which the mean of a worthless answer stops the job.</summary>
    [Range(0, 1)]
    public double CanaryMark { get; set; } = 0.5;
}
