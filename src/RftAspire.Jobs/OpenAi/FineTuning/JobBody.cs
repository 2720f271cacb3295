using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.OpenAi.FineTuning;

/// <summary>
/// A job as the SDKs read it. Times are whole seconds; seed and tokens fit 32 bits, and the lists are there, since .NET's SDK
/// breaks otherwise. The estimated finish stays empty: .NET's would sleep until then.
/// </summary>
internal sealed record JobBody
{
    public string Object { get; } = "fine_tuning.job";
    public required string Id { get; init; }
    public required string Model { get; init; }
    public required long CreatedAt { get; init; }
    public long? FinishedAt { get; init; }
    public string? FineTunedModel { get; init; }
    public required string OrganizationId { get; init; }
    public required string[] ResultFiles { get; init; }
    public required string Status { get; init; }
    public required string TrainingFile { get; init; }
    public string? ValidationFile { get; init; }
    public int? TrainedTokens { get; init; }
    public JobFault? Error { get; init; }
    public string? UserProvidedSuffix { get; init; }
    public required int Seed { get; init; }
    public long? EstimatedFinish { get; init; }
    public required JsonArray Integrations { get; init; }
    public JsonObject? Hyperparameters { get; init; }
    public required JsonObject Method { get; init; }
    public IDictionary<string, string>? Metadata { get; init; }
    public JsonObject? UsageMetrics { get; init; }
    public bool SharedWithOpenai { get; init; }
    public string? EvalId { get; init; }

    public static JobBody Of(string tenant, Job job)
    {
        var supervised = job.Method == JobMethod.Supervised;
        var hyperparameters = HyperparameterBody.Echo(job.Requested ?? new(), supervised ? HyperparameterBody.OfSupervised : HyperparameterBody.OfReinforcement);
        var echo = EchoOf(job.Annotation);
        return new JobBody
        {
            Id = job.Id,
            Model = job.Model,
            CreatedAt = job.CreatedAt.Seconds,
            FinishedAt = job.FinishedAt?.Seconds,
            FineTunedModel = TextOrNull(job.TunedModel),
            OrganizationId = "org-" + tenant,
            ResultFiles = job.ResultFileId.Length > 0 ? [job.ResultFileId] : [],
            Status = StatusOf(job.State),
            TrainingFile = job.TrainingDatasetId,
            ValidationFile = TextOrNull(job.ValidationDatasetId),
            TrainedTokens = job.FinishedAt is null ? null : (int)Math.Min(job.Costs?.TrainedTokens ?? 0, int.MaxValue),
            Error = job.Error is { } error ? JobFault.Of(error) : null,
            UserProvidedSuffix = TextOrNull(job.Suffix),
            Seed = (int)Math.Clamp(job.Seed, 0, int.MaxValue),
            Integrations = (echo["integrations"] as JsonArray)?.DeepClone().AsArray() ?? [],
            Hyperparameters = supervised ? hyperparameters.DeepClone().AsObject() : null,
            Method = supervised ? Supervised(hyperparameters) : Reinforcement(job, echo, hyperparameters),
            Metadata = job.Metadata.Count > 0 ? job.Metadata : null,
        };
    }

    /// <summary>
    /// A job that is asked to pause trains on until its step has ended; one that is asked to stop is in none of OpenAI's states until it
    /// has: it is no longer running, and it may yet succeed.
    /// </summary>
    public static string StatusOf(JobState state) => state switch
    {
        JobState.Validating => "validating_files",
        JobState.Queued => "queued",
        JobState.Running or JobState.Pausing => "running",
        JobState.Paused => "paused",
        JobState.Cancelling => "cancelling",
        JobState.Succeeded => "succeeded",
        JobState.Failed => "failed",
        JobState.Cancelled => "cancelled",
        _ => throw new InvalidDataException($"job state {state} has no name here"),
    };

    // A job of the other face has any text there.
    private static JsonObject EchoOf(string annotation)
    {
        try
        {
            return annotation.Length > 0 && JsonNode.Parse(annotation) is JsonObject echo ? echo : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static JsonObject Supervised(JsonObject hyperparameters) => new()
    {
        ["type"] = "supervised",
        ["supervised"] = new JsonObject { ["hyperparameters"] = hyperparameters },
    };

    private static JsonObject Reinforcement(Job job, JsonObject echo, JsonObject hyperparameters) => new()
    {
        ["type"] = "reinforcement",
        ["reinforcement"] = new JsonObject
        {
            ["grader"] = echo["grader"]?.DeepClone() ?? JsonNode.Parse(job.GraderJson),
            ["hyperparameters"] = hyperparameters,
            ["response_format"] = echo["response_format"]?.DeepClone() ?? (job.ResponseFormatJson.Length > 0 ? JsonNode.Parse(job.ResponseFormatJson) : null),
        },
    };

    private static string? TextOrNull(string text) => text.Length > 0 ? text : null;
}

/// <summary>Why a job failed.</summary>
internal sealed record JobFault(string Code, string Message, string? Param)
{
    public static JobFault Of(JobError error) => new(error.Code, error.Message, error.Code switch
    {
        "invalid_dataset" or "prompt_too_long" => "training_file",
        "invalid_grader" or "gullible_grader" or "grader_unavailable" or "too_many_ungraded" => "method.reinforcement.grader",
        "invalid_response_format" => "method.reinforcement.response_format",
        "model_not_found" or "invalid_checkpoint" => "model",
        _ => null,
    });
}
