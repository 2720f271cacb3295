namespace RftAspire.Contracts.Messages;

/// <summary>
/// Event from Grading to Training: rollouts of the job wait for a grader that does not answer. Said again every ten seconds while
/// that is so.
/// </summary>
/// <param name="JobId">The job that waits.</param>
/// <param name="Grader">Address of the service that is away.</param>
/// <param name="Cause">What its calls failed with first.</param>
public sealed record GradingPaused(string JobId, string Grader, string Cause);

/// <summary>Event from Grading to Training: the grader answers again.</summary>
public sealed record GradingResumed(string JobId, string Grader);
