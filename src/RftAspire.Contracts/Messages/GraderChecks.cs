namespace RftAspire.Contracts.Messages;

/// <summary>Command from Jobs to Grading: give the job's grader a few worthless answers before anything is trained on its rewards.</summary>
/// <param name="JobId">The job; its spec and prompts are in the artifact store.</param>
public sealed record CheckGrader(string JobId);

/// <summary>Event from Grading: the grader may be trained on.</summary>
public sealed record GraderAccepted(string JobId, CanaryScore[] Canaries);

/// <summary>Event from Grading: the grader cannot be used, or rewards worthless answers; the job cannot start.</summary>
public sealed record GraderRejected(string JobId, string Code, string Message, CanaryScore[] Canaries);

/// <summary>What one grader gave to one worthless answer, over a few rows of the training file.</summary>
/// <param name="Canary">Which answer: empty, colon, opener, echo or demand.</param>
/// <param name="Grader">Name of the single grader; within a multi, its key.</param>
/// <param name="Reward">Mean over the rows graded; null where none was.</param>
/// <param name="Ungraded">Rows without a reward.</param>
public sealed record CanaryScore(string Canary, string Grader, double? Reward, int Ungraded);
