using System.ComponentModel.DataAnnotations;

namespace RftAspire.Jobs.Access;

/// <summary>Section <c>Access</c>. The limits are those of a tenant that has none of its own; 0 is no limit.</summary>
public sealed class AccessOptions
{
    /// <summary>Where a key for developing on this machine is kept; made at the first start. Empty makes none.</summary>
    public string DevKeyFile { get; set; } = "";

    /// <summary>Secret: a key for the first admin, who then makes the others. Empty registers none.</summary>
    [RegularExpression("sk-rft-[0-9A-Za-z]{43,128}", ErrorMessage = "Access:AdminKey must be sk-rft- and 43 to 128 letters and digits, such as those of: openssl rand -hex 32")]
    public string AdminKey { get; set; } = "";

    /// <summary>Calls of a tenant in one second.</summary>
    [Range(0, 1_000_000)]
    public int RequestsPerSecond { get; set; } = 200;

    /// <summary>Jobs of a tenant that have not ended, paused ones left out.</summary>
    [Range(0, 1_000_000)]
    public int ConcurrentJobs { get; set; } = 100;

    /// <summary>Bytes of one upload, beside <see cref="JobsOptions.MaxDatasetBytes"/>.</summary>
    [Range(0, long.MaxValue)]
    public long FileBytes { get; set; }

    /// <summary>Bytes of a tenant's files together.</summary>
    [Range(0, long.MaxValue)]
    public long TotalBytes { get; set; } = 100L << 30;

    /// <summary>Rows of one dataset.</summary>
    [Range(0, int.MaxValue)]
    public int DatasetRows { get; set; } = 1_000_000;

    /// <summary>Calls that a tenant's audit log remembers; older ones leave it.</summary>
    [Range(1, 100_000_000)]
    public int AuditEntries { get; set; } = 100_000;
}
