using System.Text.Json;
using System.Text.Json.Serialization;

namespace RftAspire.Contracts;

/// <summary>
/// Everything that decides a job's result, written once by Jobs to the artifact store and read by the workers. With the
/// files it names and the same engine it always gives the same final weights.
/// </summary>
public sealed record JobSpec
{
    public required string JobId { get; init; }
    /// <summary>Whose job it is.</summary>
    public string Tenant { get; init; } = "default";
    /// <summary>Name of the model that it starts from, see <see cref="ModelNames"/>.</summary>
    public required string Model { get; init; }
    public required string TunedModelName { get; init; }
    public required string TrainingDatasetId { get; init; }
    public string? ValidationDatasetId { get; init; }
    public TrainingMethod Method { get; init; }
    /// <summary>The grader as the caller wrote it; empty where the method has none.</summary>
    public string GraderJson { get; init; } = "";
    /// <summary>What the text of every rollout must be, see <see cref="ResponseFormat"/>; null leaves it free.</summary>
    public string? ResponseFormatJson { get; init; }
    public required Hyperparameters Hyperparameters { get; init; }
    public required long Seed { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>The part of the tuned model's name that the caller chose; empty for none.</summary>
    public string Suffix { get; init; } = "";
    /// <summary>The caller's own notes, in ordinal order of their keys.</summary>
    public SortedDictionary<string, string> Metadata { get; init => field = new(value, StringComparer.Ordinal); } = new(StringComparer.Ordinal);
    /// <summary>Given back as it is; decides nothing.</summary>
    public string Annotation { get; init; } = "";
    /// <summary>The hyperparameters as the caller wrote them, as protobuf's JSON; null where none were given.</summary>
    public string? RequestedJson { get; init; }
}

/// <summary>How a job learns.</summary>
public enum TrainingMethod
{
    /// <summary>From rewards: answers are sampled and graded, and what scored well is reinforced.</summary>
    Reinforcement,
    /// <summary>From examples: the assistant's messages of the training rows.</summary>
    Supervised,
}

/// <summary>One validated prompt: a line of a job's prompts file, written by Ingestion.</summary>
public sealed record PromptRow
{
    public required PromptMessage[] Messages { get; init; }
    /// <summary>The dataset row as it was written: what graders see as <c>item</c>.</summary>
    public required JsonElement Item { get; init; }
    /// <summary>1-based line of the dataset file.</summary>
    public required int Line { get; init; }
    /// <summary>Places of the assistant's messages that a supervised job learns; null where the messages are a prompt.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int[]? Learned { get; init; }
    /// <summary>The functions that the model is told of: the row's <c>tools</c> where they are some of Chat Completions; null without.</summary>
    [JsonIgnore]
    public JsonElement? Tools =>
        Item.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() > 0 && tools.EnumerateArray().All(IsFunction) ? tools : null;

    private static bool IsFunction(JsonElement tool) =>
        tool.ValueKind == JsonValueKind.Object && tool.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object;
}

/// <summary>One chat message of a prompt.</summary>
public sealed record PromptMessage(string Role, string Content);
