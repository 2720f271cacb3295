using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Jobs;

/// <summary>Jobs and their events as JSON, under the names of jobs.proto; a state is its lower-case word.</summary>
public static class JobJson
{
    public static string Word(JobState state) => state.ToString().ToLowerInvariant();

    public static string Word(JobMethod method) => method.ToString().ToLowerInvariant();

    /// <summary>The job alone, as lists show it.</summary>
    public static JsonObject Of(Job job) => new()
    {
        ["id"] = job.Id,
        ["state"] = Word(job.State),
        ["model"] = job.Model,
        ["training_dataset_id"] = job.TrainingDatasetId,
        ["validation_dataset_id"] = OrNull(job.ValidationDatasetId),
        ["grader_json"] = job.GraderJson,
        ["hyperparameters"] = Of(job.Hyperparameters),
        ["seed"] = job.Seed,
        ["created_at"] = Of(job.CreatedAt),
        ["started_at"] = Of(job.StartedAt),
        ["finished_at"] = Of(job.FinishedAt),
        ["step"] = job.Step,
        ["total_steps"] = job.TotalSteps,
        ["error"] = Of(job.Error),
        ["tuned_model"] = OrNull(job.TunedModel),
        ["weights_digest"] = OrNull(job.WeightsDigest),
        ["method"] = Word(job.Method),
        ["response_format_json"] = OrNull(job.ResponseFormatJson),
        ["metadata"] = new JsonObject(job.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        ["suffix"] = OrNull(job.Suffix),
        ["requested"] = Of(job.Requested),
        ["result_file_id"] = OrNull(job.ResultFileId),
        ["costs"] = Of(job.Costs),
        ["annotation"] = OrNull(job.Annotation),
    };

    public static JsonObject Of(Checkpoint checkpoint) => new()
    {
        ["id"] = checkpoint.Id,
        ["job_id"] = checkpoint.JobId,
        ["step"] = checkpoint.Step,
        ["model"] = checkpoint.Model,
        ["created_at"] = Of(checkpoint.CreatedAt),
        ["metrics"] = Of(checkpoint.Metrics),
        ["weights_digest"] = OrNull(checkpoint.WeightsDigest),
    };

    /// <summary>The job with all that happened to it.</summary>
    public static JsonObject Of(Job job, IReadOnlyList<JobEvent> events)
    {
        var document = Of(job);
        document["events"] = new JsonArray([.. events.Select(Of)]);
        document["steps"] = new JsonArray([.. events.Where(e => e.StepTrained is not null).Select(e => Measured(e.StepTrained.Step, e.StepTrained.Metrics))]);
        document["evals"] = new JsonArray([.. events.Where(e => e.EvalCompleted is not null).Select(e => Measured(e.EvalCompleted.Step, e.EvalCompleted.Metrics))]);
        return document;
    }

    public static JsonObject Of(JobEvent e)
    {
        var document = new JsonObject { ["sequence"] = e.Sequence, ["time"] = Of(e.Time) };
        var (name, body) = e.EventCase switch
        {
            JobEvent.EventOneofCase.StateChanged => ("state_changed", new JsonObject { ["state"] = Word(e.StateChanged.State), ["error"] = Of(e.StateChanged.Error) }),
            JobEvent.EventOneofCase.StepTrained => ("step_trained", Of(e.StepTrained)),
            JobEvent.EventOneofCase.EvalCompleted => ("eval_completed", Measured(e.EvalCompleted.Step, e.EvalCompleted.Metrics)),
            JobEvent.EventOneofCase.GraderChecked => ("grader_checked", new JsonObject { ["canaries"] = new JsonArray([.. e.GraderChecked.Canaries.Select(Of)]) }),
            JobEvent.EventOneofCase.Note => ("note", new JsonObject { ["message"] = e.Note.Message }),
            _ => ("unknown", new JsonObject()),
        };
        document[name] = body;
        return document;
    }

    private static JsonObject Of(CanaryScore score) => new()
    {
        ["canary"] = score.Canary,
        ["grader"] = score.Grader,
        ["reward"] = score.HasReward ? Number(score.Reward) : null,
        ["ungraded"] = score.Ungraded,
    };

    private static JsonObject Of(StepTrained step) => new()
    {
        ["step"] = step.Step,
        ["total_steps"] = step.TotalSteps,
        ["weights_version"] = step.WeightsVersion,
        ["metrics"] = Of(step.Metrics),
    };

    private static JsonObject Measured(int step, MapField<string, double> metrics) => new() { ["step"] = step, ["metrics"] = Of(metrics) };

    private static JsonObject Of(MapField<string, double> metrics) =>
        new(metrics.OrderBy(metric => metric.Key, StringComparer.Ordinal).Select(metric => KeyValuePair.Create(metric.Key, (JsonNode?)Number(metric.Value))));

    // JSON has no NaN and no infinity.
    private static JsonValue? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    private static JsonObject? Of(Hyperparameters? hyperparameters) => hyperparameters is null ? null : Fields(hyperparameters, field => field.Accessor.HasValue(hyperparameters));

    private static JsonObject? Of(JobCosts? costs) => costs is null ? null : Fields(costs, _ => true);

    private static JsonObject Fields(IMessage message, Func<FieldDescriptor, bool> shown) => new(
        message.Descriptor.Fields.InDeclarationOrder().Where(shown)
            .Select(field => KeyValuePair.Create(field.Name, (JsonNode?)JsonValue.Create(field.Accessor.GetValue(message)))));

    private static JsonObject? Of(JobError? error) => error is null ? null : new() { ["code"] = error.Code, ["message"] = error.Message };

    public static JsonValue? Of(Timestamp? time) => time is null ? null : JsonValue.Create(time.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));

    private static JsonValue? OrNull(string text) => text.Length == 0 ? null : JsonValue.Create(text);
}
