using Google.Protobuf.Collections;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.State;

/// <summary>
/// One change of a job, and so one event of it. The key names the fact: a second change of the same key, from a redelivered
/// message, does nothing.
/// </summary>
public abstract record JobChange
{
    /// <summary>The job moves, if the state machine lets it.</summary>
    public sealed record Move(JobTrigger Trigger) : JobChange
    {
        /// <summary>The round that the fact is about; null for what counts in any.</summary>
        public int? Round { get; init; }
        public JobError? Error { get; init; }
        public int? TotalSteps { get; init; }
        public string? TunedModel { get; init; }
        public string? WeightsDigest { get; init; }
        public string? ResultFileId { get; init; }
    }

    /// <summary>A step is trained. It counts in any state: it may arrive after the end it came before.</summary>
    public sealed record Trained(int Step, int TotalSteps, IDictionary<string, double> Metrics) : JobChange;

    public sealed record Evaluated(int Step, IDictionary<string, double> Metrics) : JobChange;

    public sealed record GraderChecked(IEnumerable<Contracts.Messages.CanaryScore> Canaries) : JobChange;

    /// <summary>The set of kept checkpoints is now this one.</summary>
    public sealed record Kept(int Change, Contracts.Messages.KeptCheckpoint[] Checkpoints) : JobChange;

    public sealed record Note(string Key, string Message) : JobChange;

    /// <summary>The record and event that this change makes of a job, with the event's key; null where it changes nothing.</summary>
    public (JobRecord Record, JobEvent Event, string Key)? Apply(JobRecord job, DateTimeOffset now) => this switch
    {
        Move move => ApplyMove(job, move, now),
        Trained step => (
            job with { Step = Math.Max(job.Step, step.Step), TotalSteps = step.TotalSteps, Costs = job.Costs.WithStep(step.Metrics) },
            new JobEvent
            {
                StepTrained = new StepTrained
                {
                    Step = step.Step,
                    TotalSteps = step.TotalSteps,
                    WeightsVersion = step.Step,
                    Metrics = { Ordered(step.Metrics) },
                },
            },
            $"step:{step.Step}"),
        Evaluated eval => (
            job with { Costs = job.Costs.WithEval(eval.Metrics) },
            new JobEvent { EvalCompleted = new EvalCompleted { Step = eval.Step, Metrics = { Ordered(eval.Metrics) } } },
            $"eval:{eval.Step}"),
        GraderChecked check => (job, new JobEvent { GraderChecked = new Contracts.Jobs.V1.GraderChecked { Canaries = { check.Canaries.Select(ToMessage) } } }, "grader"),
        Kept kept => ApplyKept(job, kept),
        Note note => (job, new JobEvent { Note = new JobNote { Message = note.Message } }, $"note:{note.Key}"),
        _ => throw new InvalidOperationException($"unknown change {this}"),
    };

    private static (JobRecord, JobEvent, string)? ApplyMove(JobRecord job, Move move, DateTimeOffset now)
    {
        if (move.Round is { } round && round != job.Round) return null;
        var resumes = move.Trigger == JobTrigger.ResumeRequested;
        var trigger = resumes && !job.InputsAccepted ? JobTrigger.ValidationRequested : move.Trigger;
        if (JobStateMachine.Next(job.State, trigger).To is not { } state)
            return trigger == JobTrigger.InputsAccepted && job is { State: JobState.Paused, InputsAccepted: false } ? AcceptInputs(job) : null;
        var record = job with
        {
            State = state,
            Round = resumes ? job.Round + 1 : job.Round,
            InputsAccepted = job.InputsAccepted || state is JobState.Queued or JobState.Running,
            ChangedAt = now,
            StartedAt = job.StartedAt ?? (state == JobState.Running ? now : null),
            FinishedAt = JobStateMachine.HasEnded(state) ? now : null,
            TotalSteps = move.TotalSteps ?? job.TotalSteps,
            Error = move.Error,
            TunedModel = move.TunedModel ?? "",
            WeightsDigest = move.WeightsDigest ?? "",
            ResultFileId = move.ResultFileId ?? "",
        };
        return (record, new JobEvent { StateChanged = new StateChanged { State = state, Error = move.Error } }, StateKey(state, record.Round));
    }

    // Validation goes on while a job is paused; its resume then need not begin with it.
    private static (JobRecord, JobEvent, string) AcceptInputs(JobRecord job) =>
        (job with { InputsAccepted = true }, new JobEvent { Note = new JobNote { Message = "the inputs are accepted" } }, "inputs");

    private static (JobRecord, JobEvent, string)? ApplyKept(JobRecord job, Kept kept)
    {
        if (kept.Change <= job.CheckpointChange) return null;
        var steps = string.Join(", ", kept.Checkpoints.Select(checkpoint => checkpoint.Step.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        return (
            job with { CheckpointChange = kept.Change, Checkpoints = kept.Checkpoints },
            new JobEvent { Note = new JobNote { Message = $"checkpoints kept: step {steps}" } },
            $"checkpoints:{kept.Change}");
    }

    private static CanaryScore ToMessage(Contracts.Messages.CanaryScore score)
    {
        var message = new CanaryScore { Canary = score.Canary, Grader = score.Grader, Ungraded = score.Ungraded };
        if (score.Reward is { } reward) message.Reward = reward;
        return message;
    }

    public static string StateKey(JobState state, int round) => round == 1 ? $"state:{state}" : $"state:{state}:{round}";

    // Stored bytes must not hang on a dictionary's order.
    private static MapField<string, double> Ordered(IDictionary<string, double> metrics)
    {
        var ordered = new MapField<string, double>();
        foreach (var (name, value) in metrics.OrderBy(metric => metric.Key, StringComparer.Ordinal)) ordered[name] = value;
        return ordered;
    }
}
