using RftAspire.Contracts.Jobs.V1;
using static RftAspire.Contracts.Jobs.V1.JobState;

namespace RftAspire.Jobs.State;

/// <summary>What can move a job.</summary>
public enum JobTrigger
{
    InputsAccepted,
    InputsRejected,
    TrainingStarted,
    CancelRequested,
    JobSucceeded,
    JobFailed,
    JobCancelled,
    PauseRequested,
    JobPaused,
    ResumeRequested,
    /// <summary>A resume before the inputs were accepted: they are looked at again.</summary>
    ValidationRequested,
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
/// job never moves again. Only a resume leads back, and begins a round: within one no state is entered twice, and what is said of
/// an earlier one is dropped before it gets here.
/// </summary>
public static class JobStateMachine
{
    private static readonly JobMove s_ignored = JobMove.Ignored;
    private static readonly JobMove s_refused = JobMove.Refused;

    private static readonly JobMove[] s_ended =
        [s_ignored, s_ignored, s_ignored, s_refused, s_ignored, s_ignored, s_ignored, s_refused, s_ignored, s_refused, s_refused];

    // Columns in the order of JobTrigger: accepted, rejected, started, cancel, succeeded, failed, cancelled, pause, paused, resume, validate.
    private static readonly Dictionary<JobState, JobMove[]> s_table = new()
    {
        [Validating] = [Queued, Failed, Running, Cancelling, Succeeded, Failed, Cancelled, Paused, s_ignored, s_refused, s_refused],
        [Queued] = [s_ignored, s_ignored, Running, Cancelling, Succeeded, Failed, Cancelled, Pausing, s_ignored, s_refused, s_refused],
        [Running] = [s_ignored, s_ignored, s_ignored, Cancelling, Succeeded, Failed, Cancelled, Pausing, s_ignored, s_refused, s_refused],
        [Pausing] = [s_ignored, s_ignored, s_ignored, Cancelling, Succeeded, Failed, Cancelled, s_ignored, Paused, s_refused, s_refused],
        [Paused] = [s_ignored, Failed, s_ignored, Cancelling, Succeeded, Failed, Cancelled, s_ignored, s_ignored, Queued, Validating],
        [Cancelling] = [s_ignored, Failed, s_ignored, s_ignored, Succeeded, Failed, Cancelled, s_refused, s_ignored, s_refused, s_refused],
        [Succeeded] = s_ended,
        [Failed] = s_ended,
        [Cancelled] = s_ended,
    };

    public static JobMove Next(JobState state, JobTrigger trigger) => s_table[state][(int)trigger];

    public static bool HasEnded(JobState state) => state is Succeeded or Failed or Cancelled;
}
