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

/// <summary>Command from Jobs to Training: run the job. Training stores the intent before it acknowledges.</summary>
public sealed record StartTraining(string JobId);

/// <summary>Command from Jobs to Training: stop the job at the next safe point.</summary>
public sealed record CancelTraining(string JobId);

/// <summary>Event from Training: the job has left the queue.</summary>
public sealed record TrainingStarted(string JobId, int TotalSteps);

/// <summary>Event from Training: step <paramref name="Step"/> is durable and published as that weights version.</summary>
public sealed record StepTrained(string JobId, int Step, int TotalSteps, Dictionary<string, double> Metrics);

/// <summary>Event from Training: weights version <paramref name="Step"/> was evaluated on the validation prompts.</summary>
public sealed record EvalCompleted(string JobId, int Step, Dictionary<string, double> Metrics);

/// <summary>Event from Training: the tuned model is in the artifact store.</summary>
/// <param name="JobId">The job.</param>
/// <param name="ModelName">Name of the tuned model.</param>
/// <param name="WeightsDigest">sha256 over the tensor bytes of the final weights in name order, lower-case hex.</param>
public sealed record JobSucceeded(string JobId, string ModelName, string WeightsDigest);

/// <summary>Event: the job ended without a model.</summary>
public sealed record JobFailed(string JobId, string Code, string Message);

/// <summary>Event from Training: the job was stopped on request.</summary>
public sealed record JobCancelled(string JobId);
