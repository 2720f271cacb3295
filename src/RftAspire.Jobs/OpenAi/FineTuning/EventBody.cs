using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Metrics;

namespace RftAspire.Jobs.OpenAi.FineTuning;

/// <summary>An event as the SDKs read it, with OpenAI's texts where it has one: programs search them.</summary>
internal sealed record EventBody(string Id, long CreatedAt, string Level, string Message, string Type, JsonObject? Data)
{
    public string Object { get; } = "fine_tuning.job.event";
}

/// <summary>A job's events. Some are two of OpenAI's, so an event's place is its sequence and which of the two it is.</summary>
internal sealed class EventBodies(Job job)
{
    private const string Prefix = "ftevent-";

    private readonly MetricsView _metrics = new(job);
    private readonly string _start = Prefix + job.Id[(job.Id.IndexOf('-') + 1)..] + "-";

    /// <summary>The sequence before which the next page's events are, and how many of the first one's bodies were seen; null for no event's id.</summary>
    public (long Before, int Seen)? After(string id)
    {
        if (!id.StartsWith(_start, StringComparison.Ordinal)) return null;
        var place = id[_start.Length..].Split('-');
        return place.Length <= 2 && Number(place[0]) is { } sequence && (place.Length == 1 || place[1] == "1")
            ? place.Length == 1 ? (sequence, 0) : (sequence + 1, 1)
            : null;
    }

    /// <summary>What an event is here, the later first.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="before">The one before it, where that is at hand.</param>
    public IEnumerable<EventBody> Of(JobEvent happened, JobEvent? before) => happened.EventCase switch
    {
        JobEvent.EventOneofCase.StateChanged => OfState(happened, before),
        JobEvent.EventOneofCase.StepTrained => [Body(happened, _metrics.Message(happened.StepTrained, null), "info", _metrics.Data(happened.StepTrained, null))],
        JobEvent.EventOneofCase.EvalCompleted => [Body(happened, _metrics.Message(null, happened.EvalCompleted), "info", _metrics.Data(null, happened.EvalCompleted))],
        JobEvent.EventOneofCase.GraderChecked => [Body(happened, "Grader checked on worthless answers: " + Canaries(happened.GraderChecked), "info")],
        _ => [Body(happened, happened.Note?.Message ?? "", "warn")],
    };

    private IEnumerable<EventBody> OfState(JobEvent happened, JobEvent? before)
    {
        var files = $"Validating training file: {job.TrainingDatasetId}" + (job.ValidationDatasetId.Length > 0 ? $" and validation file: {job.ValidationDatasetId}" : "");
        return happened.StateChanged.State switch
        {
            JobState.Validating when happened.Sequence == 1 => [Second(happened, files), Body(happened, $"Created fine-tuning job: {job.Id}")],
            JobState.Validating => [Body(happened, files)],
            JobState.Queued when before?.StateChanged?.State == JobState.Paused => [Body(happened, "Job resumed, moving job to queued state")],
            JobState.Queued => [Body(happened, "Files validated, moving job to queued state")],
            JobState.Running => [Body(happened, "Fine-tuning job started")],
            JobState.Pausing => [Body(happened, "Job is asked to pause and finishes its step")],
            JobState.Paused => [Body(happened, "Fine-tuning job paused")],
            JobState.Cancelling => [Body(happened, "Job is asked to stop")],
            JobState.Cancelled => [Body(happened, "Fine-tuning job cancelled")],
            JobState.Succeeded => [Second(happened, "The job has successfully completed"), Body(happened, $"New fine-tuned model created: {job.TunedModel}")],
            _ => [Body(happened, $"The job failed: {happened.StateChanged.Error?.Message} ({happened.StateChanged.Error?.Code})", "error")],
        };
    }

    private EventBody Body(JobEvent happened, string message, string level = "info", JsonObject? data = null) => new(
        string.Create(CultureInfo.InvariantCulture, $"{_start}{happened.Sequence}"), happened.Time.Seconds, level, message, data is null ? "message" : "metrics", data);

    private EventBody Second(JobEvent happened, string message)
    {
        var body = Body(happened, message);
        return body with { Id = body.Id + "-1" };
    }

    private static string Canaries(GraderChecked check) => string.Join(", ", check.Canaries.Select(canary => string.Create(
        CultureInfo.InvariantCulture, $"{canary.Grader}/{canary.Canary}={(canary.HasReward ? canary.Reward.ToString("0.00", CultureInfo.InvariantCulture) : "none")}")));

    private static long? Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
