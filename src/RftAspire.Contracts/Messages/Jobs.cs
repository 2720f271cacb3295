namespace RftAspire.Contracts.Messages;

/// <summary>Command from Jobs to Ingestion: turn the job's datasets into validated prompts.</summary>
/// <param name="JobId">The job; its spec is in the artifact store.</param>
public sealed record IngestDatasets(string JobId);

/// <summary>Event from Ingestion: the job's prompts files are written.</summary>
public sealed record DatasetsIngested(string JobId, int TrainingPrompts, int ValidationPrompts, DatasetFinding[] Warnings);

/// <summary>Event from Ingestion: the job cannot start; nothing was written.</summary>
public sealed record DatasetsRejected(string JobId, DatasetFinding[] Findings);

/// <summary>One remark of the dataset checks.</summary>
/// <param name="Line">1-based line; null where no single line is at fault.</param>
/// <param name="Code">Stable snake_case name of the fault.</param>
/// <param name="Message">What is wrong, with field and value, and how to mend it.</param>
public sealed record DatasetFinding(int? Line, string Code, string Message);

/// <summary>Command from Jobs to Training: run the job, or go on with it. Training stores the intent before it acknowledges.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Round">Grows by one with each resume, from 1: what is said of an earlier round is old news.</param>
public sealed record StartTraining(string JobId, int Round = 1);

/// <summary>Command from Jobs to Training: stop the job behind its step, so that it can go on later.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Round">The round that ends; a later one is not concerned.</param>
public sealed record PauseTraining(string JobId, int Round = 1);

/// <summary>Command from Jobs to Training: stop the job at the next safe point.</summary>
public sealed record CancelTraining(string JobId);

/// <summary>Event from Training: the job has left the queue.</summary>
/// <param name="JobId">The job.</param>
/// <param name="TotalSteps">Steps that it has in all.</param>
/// <param name="Round">That of the command.</param>
public sealed record TrainingStarted(string JobId, int TotalSteps, int Round = 1);

/// <summary>Event from Training: the job holds no worker any more, and what it has learned is durable.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Round">The round that has ended.</param>
public sealed record JobPaused(string JobId, int Round = 1);

/// <summary>Event from Training: step <paramref name="Step"/> is durable and published as that weights version.</summary>
public sealed record StepTrained(string JobId, int Step, int TotalSteps, Dictionary<string, double> Metrics);

/// <summary>Event from Training: weights version <paramref name="Step"/> was evaluated on the validation prompts.</summary>
public sealed record EvalCompleted(string JobId, int Step, Dictionary<string, double> Metrics);

/// <summary>Event from Training: these checkpoints of the job are models that can be used, and no others.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Change">How many times the set has changed: an earlier set is old news.</param>
/// <param name="Checkpoints">In the order of their steps.</param>
public sealed record CheckpointsKept(string JobId, int Change, KeptCheckpoint[] Checkpoints);

/// <summary>One checkpoint that is kept as a model.</summary>
/// <param name="Step">Its weights version.</param>
/// <param name="ModelName">Its name as a model, see <see cref="ModelNames.Checkpoint"/>.</param>
/// <param name="WeightsDigest">As in <see cref="JobSucceeded"/>.</param>
/// <param name="Metrics">Those of its step, and those of its eval that the step does not have.</param>
/// <param name="CreatedAt">When it was kept; decides nothing.</param>
public sealed record KeptCheckpoint(int Step, string ModelName, string WeightsDigest, Dictionary<string, double> Metrics, DateTimeOffset CreatedAt);

/// <summary>Event from Training: the tuned model is in the artifact store.</summary>
/// <param name="JobId">The job.</param>
/// <param name="ModelName">Name of the tuned model.</param>
/// <param name="WeightsDigest">sha256 over the tensor bytes of the final weights in name order, lower-case hex.</param>
public sealed record JobSucceeded(string JobId, string ModelName, string WeightsDigest);

/// <summary>Event: the job ended without a model.</summary>
public sealed record JobFailed(string JobId, string Code, string Message);

/// <summary>Event from Training: the job was stopped on request.</summary>
public sealed record JobCancelled(string JobId);
