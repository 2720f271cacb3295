using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using Asked = RftAspire.Contracts.Jobs.V1.Hyperparameters;

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
    /// <summary>Empty until its metrics lie in a file.</summary>
    public string ResultFileId { get; init; } = "";
    public JobCosts Costs { get; init; } = new();
    /// <summary>Checkpoints that can be used as models, in the order of their steps, and how often the set has changed.</summary>
    public IReadOnlyList<KeptCheckpoint> Checkpoints { get; init; } = [];
    public int CheckpointChange { get; init; }

    public bool HasEnded => JobStateMachine.HasEnded(State);

    public bool IsMovedBy(JobTrigger trigger) => JobStateMachine.Next(State, trigger).To is not null;

    public Job ToMessage() => new()
    {
        Id = Spec.JobId,
        State = State,
        Model = Spec.Model,
        TrainingDatasetId = Spec.TrainingDatasetId,
        ValidationDatasetId = Spec.ValidationDatasetId ?? "",
        GraderJson = Spec.GraderJson,
        Hyperparameters = HyperparameterFields.ToMessage(Spec.Hyperparameters, Spec.Method),
        Seed = Spec.Seed,
        CreatedAt = Spec.CreatedAt.ToTimestamp(),
        StartedAt = StartedAt?.ToTimestamp(),
        FinishedAt = FinishedAt?.ToTimestamp(),
        Step = Step,
        TotalSteps = TotalSteps,
        Error = Error,
        TunedModel = TunedModel,
        WeightsDigest = WeightsDigest,
        Method = Spec.Method == TrainingMethod.Supervised ? JobMethod.Supervised : JobMethod.Reinforcement,
        ResponseFormatJson = Spec.ResponseFormatJson ?? "",
        Metadata = { Spec.Metadata },
        Suffix = Spec.Suffix,
        Requested = Spec.RequestedJson is { } requested ? Asked.Parser.ParseJson(requested) : new Asked(),
        ResultFileId = ResultFileId,
        Costs = Costs.Clone(),
        Annotation = Spec.Annotation,
    };
}
