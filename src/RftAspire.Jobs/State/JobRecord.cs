using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.State;

/// <summary>A job as it stands after its event number <see cref="Revision"/>.</summary>
public sealed record JobRecord
{
    public required JobSpec Spec { get; init; }
    public required JobState State { get; init; }
    public required long Revision { get; init; }
    /// <summary>When the state was entered.</summary>
    public required DateTimeOffset ChangedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public int Step { get; init; }
    public int TotalSteps { get; init; }
    public JobError? Error { get; init; }
    public string TunedModel { get; init; } = "";
    public string WeightsDigest { get; init; } = "";

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
