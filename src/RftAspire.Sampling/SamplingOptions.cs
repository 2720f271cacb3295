using System.ComponentModel.DataAnnotations;

namespace RftAspire.Sampling;

/// <summary>Settings of a sampling worker, section <c>Sampling</c>.</summary>
public sealed class SamplingOptions
{
    /// <summary>Threads to compute with; 0 takes one per processor.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }

    /// <summary>Completions of prompt groups decoded at once with one set of weights.</summary>
    [Range(1, 65536)]
    public int MaxRows { get; init; } = 256;

    /// <summary>Most memory for the keys and values of prompt groups of one set of weights, in MiB; groups wait until theirs have room.</summary>
    [Range(1, 1 << 24)]
    public int CacheMiB { get; init; } = 1024;

    /// <summary>Weights versions kept in memory beside those in use.</summary>
    [Range(1, 64)]
    public int CachedVersions { get; init; } = 2;

    /// <summary>Choices of chats decoded at once with one model.</summary>
    [Range(1, 65536)]
    public int ChatRows { get; init; } = 64;

    /// <summary>Most memory for the keys and values of one model's chats, in MiB.</summary>
    [Range(1, 1 << 24)]
    public int ChatCacheMiB { get; init; } = 256;

    /// <summary>Models that stay in memory for the next chat, those used last.</summary>
    [Range(0, 64)]
    public int ChatModels { get; init; } = 2;

    /// <summary>Steps of chats for each step of prompt groups while both have work.</summary>
    [Range(1, 64)]
    public int ChatSteps { get; init; } = 1;

    /// <summary>How often what chats have got is told.</summary>
    public TimeSpan ChatInterval { get; init; } = TimeSpan.FromMilliseconds(30);

    /// <summary>A command for a chat that takes longer is acknowledged while the work on it goes on.</summary>
    public TimeSpan HoldLimit { get; init; } = TimeSpan.FromSeconds(45);
}
