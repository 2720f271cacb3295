using System.ComponentModel.DataAnnotations;

namespace RftAspire.Sampling;

/// <summary>Settings of a sampling worker, section <c>Sampling</c>.</summary>
public sealed class SamplingOptions
{
    /// <summary>Threads to compute with; 0 takes one per processor.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }

    /// <summary>Completions decoded at once.</summary>
    [Range(1, 65536)]
    public int MaxRows { get; init; } = 256;

    /// <summary>Most memory for the keys and values of prompts and completions, in MiB; groups wait until theirs have room.</summary>
    [Range(1, 1 << 24)]
    public int CacheMiB { get; init; } = 1024;

    /// <summary>Weights versions kept in memory.</summary>
    [Range(1, 64)]
    public int CachedVersions { get; init; } = 2;
}
