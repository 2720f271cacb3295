using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;

namespace RftAspire.Jobs.State;

/// <summary>A job as it stands after its event number <see cref="Revision"/>.</summary>
public sealed record JobRecord
{
    public required JobSpec Spec { get; init; }
    public required JobState State { get; init; }
    public required long Revision { get; init; }
    /// <summary>When the state was entered.</summary>
    public required DateTimeOffset ChangedAt { get; init; }
    /// <summary>How often the job was set going: one more with each resume.</summary>
    public int Round { get; init; } = 1;
    /// <summary>Whether datasets and grader have passed their checks.</summary>
    public bool InputsAccepted { get; init; }
    /// <summary>When training first began.</summary>
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public int Step { get; init; }
    public int TotalSteps { get; init; }
    public JobError? Error { get; init; }
    public string TunedModel { get; init; } = "";
    public string WeightsDigest { get; init; } = "";
    /// <summary>Checkpoints that can be used as models, in the order of their steps, and how often the set has changed.</summary>
    public IReadOnlyList<KeptCheckpoint> Checkpoints { get; init; } = [];
    public int CheckpointChange { get; init; }

    public bool HasEnded => JobStateMachine.HasEnded(State);

    public Job ToMessage() => new()
    {
        Id = Spec.JobId,
        State = State,
        Model = Spec.Model,
        TrainingDatasetId = Spec.TrainingDatasetId,
        ValidationDatasetId = Spec.ValidationDatasetId ?? "",
        GraderJson = Spec.GraderJson,
        Hyperparameters = HyperparameterFields.ToMessage(Spec.Hyperparameters),
        Seed = Spec.Seed,
        CreatedAt = Spec.CreatedAt.ToTimestamp(),
        StartedAt = StartedAt?.ToTimestamp(),
        FinishedAt = FinishedAt?.ToTimestamp(),
        Step = Step,
        TotalSteps = TotalSteps,
        Error = Error,
        TunedModel = TunedModel,
        WeightsDigest = WeightsDigest,
    };
}
