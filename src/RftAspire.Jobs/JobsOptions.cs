using System.ComponentModel.DataAnnotations;

namespace RftAspire.Jobs;

/// <summary>Section <c>Jobs</c>.</summary>
public sealed class JobsOptions
{
    /// <summary>Largest file that may be uploaded.</summary>
    [Range(1, long.MaxValue)]
    public long MaxDatasetBytes { get; set; } = 512L << 20;

    /// <summary>Bytes a second that an upload must have after <see cref="UploadGrace"/>; a slower one is cut off.</summary>
    [Range(1, double.MaxValue)]
    public double MinUploadRate { get; set; } = 1024;

    /// <summary>How long an upload over REST may be slower than that.</summary>
    public TimeSpan UploadGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an upload in parts stays open.</summary>
    public TimeSpan UploadLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How often files and uploads that have expired are looked for.</summary>
    public TimeSpan FileSweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the dataset checks of one upload may take.</summary>
    public TimeSpan DatasetCheckDeadline { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long one try of a grader may take.</summary>
    public TimeSpan GraderDeadline { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>A job that waits this long for another service gets its command published again.</summary>
    public TimeSpan CommandDeadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often waiting jobs are looked for.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the REST face holds the answer of cancel and pause back for the job to get there.</summary>
    public TimeSpan AnswerPatience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a watched job is read when this process did not change it itself.</summary>
    public TimeSpan WatchInterval { get; set; } = TimeSpan.FromMilliseconds(200);
}
