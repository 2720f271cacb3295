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
    /// <summary>Name of the base model, see <see cref="ArtifactStore.ModelFolder"/>.</summary>
    public required string Model { get; init; }
    public required string TunedModelName { get; init; }
    public required string TrainingDatasetId { get; init; }
    public string? ValidationDatasetId { get; init; }
    /// <summary>The grader as the caller wrote it.</summary>
    public required string GraderJson { get; init; }
    public required Hyperparameters Hyperparameters { get; init; }
    public required long Seed { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>One validated prompt: a line of a job's prompts file, written by Ingestion.</summary>
public sealed record PromptRow
{
    public required PromptMessage[] Messages { get; init; }
    /// <summary>The dataset row as JSON, <c>messages</c> left out: what graders see as <c>item</c>.</summary>
    public required System.Text.Json.JsonElement Item { get; init; }
    /// <summary>1-based line of the dataset file.</summary>
    public required int Line { get; init; }
}

/// <summary>One chat message of a prompt.</summary>
public sealed record PromptMessage(string Role, string Content);
