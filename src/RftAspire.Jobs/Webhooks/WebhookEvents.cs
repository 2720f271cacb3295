namespace RftAspire.Jobs.Webhooks;

/// <summary>The events that a webhook may ask for, by their names in the OpenAI API.</summary>
public static class WebhookEvents
{
    public const string JobSucceeded = "fine_tuning.job.succeeded";
    public const string JobFailed = "fine_tuning.job.failed";
    public const string JobCancelled = "fine_tuning.job.cancelled";
    public const string RunSucceeded = "eval.run.succeeded";
    public const string RunFailed = "eval.run.failed";
    public const string RunCanceled = "eval.run.canceled";

    public static IReadOnlyList<string> All { get; } = [JobSucceeded, JobFailed, JobCancelled, RunSucceeded, RunFailed, RunCanceled];
}
