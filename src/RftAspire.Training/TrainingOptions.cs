using System.ComponentModel.DataAnnotations;

namespace RftAspire.Training;

/// <summary>Settings of the training worker, section <c>Training</c>.</summary>
public sealed class TrainingOptions
{
    /// <summary>Threads to compute with; 0 takes one per processor.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }

    /// <summary>Prompt groups that stay unanswered this long are asked for again.</summary>
    public TimeSpan GroupDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A step that gets no group at all for this long fails the job.</summary>
    public TimeSpan StepDeadline { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Prompt groups asked for and unanswered at one time; the rest of a step waits its turn here.</summary>
    [Range(1, 100_000)]
    public int GroupsInFlight { get; init; } = 64;

    /// <summary>A grader that stays away for this long fails the job.</summary>
    public TimeSpan PauseLimit { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Checkpoints kept with what is needed to resume from them.</summary>
    [Range(2, 1000)]
    public int KeptCheckpoints { get; init; } = 2;

    /// <summary>Share of a step's rollouts that may stay without a reward before the job fails.</summary>
    [Range(0, 1)]
    public double MaxUngradedShare { get; init; } = 0.2;
}
