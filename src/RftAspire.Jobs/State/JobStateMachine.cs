using RftAspire.Contracts.Jobs.V1;
using static RftAspire.Contracts.Jobs.V1.JobState;

namespace RftAspire.Jobs.State;

/// <summary>What can move a job.</summary>
public enum JobTrigger
{
    GraderAccepted,
    InputsRejected,
    TrainingStarted,
    CancelRequested,
    JobSucceeded,
    JobFailed,
    JobCancelled,
}

/// <summary>What a trigger does to a job: moves it, changes nothing, or is a caller's mistake.</summary>
public readonly record struct JobMove(JobState? To, bool IsRefused)
{
    public static readonly JobMove Ignored = new(null, false);
    public static readonly JobMove Refused = new(null, true);
    public static implicit operator JobMove(JobState to) => new(to, false);
}

/// <summary>
/// The life of a job. Messages may arrive late, twice or out of order, so a fact about the work always counts: a job that
/// succeeds or fails while it is being cancelled keeps that end, because its model exists or its cause must be seen. An ended
/// job never moves again, and no state is entered twice.
/// </summary>
public static class JobStateMachine
{
    private static readonly JobMove s_ignored = JobMove.Ignored;
    private static readonly JobMove s_refused = JobMove.Refused;

    // Columns in the order of JobTrigger: accepted, rejected, started, cancel, succeeded, failed, cancelled.
    private static readonly Dictionary<JobState, JobMove[]> s_table = new()
    {
        [Validating] = [Queued, Failed, Running, Cancelling, Succeeded, Failed, Cancelled],
        [Queued] = [s_ignored, s_ignored, Running, Cancelling, Succeeded, Failed, Cancelled],
        [Running] = [s_ignored, s_ignored, s_ignored, Cancelling, Succeeded, Failed, Cancelled],
        [Cancelling] = [s_ignored, Failed, s_ignored, s_ignored, Succeeded, Failed, Cancelled],
        [Succeeded] = [s_ignored, s_ignored, s_ignored, s_refused, s_ignored, s_ignored, s_ignored],
        [Failed] = [s_ignored, s_ignored, s_ignored, s_refused, s_ignored, s_ignored, s_ignored],
        [Cancelled] = [s_ignored, s_ignored, s_ignored, s_refused, s_ignored, s_ignored, s_ignored],
    };

    public static JobMove Next(JobState state, JobTrigger trigger) => s_table[state][(int)trigger];

    public static bool HasEnded(JobState state) => state is Succeeded or Failed or Cancelled;
}
