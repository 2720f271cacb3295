using System.Text.Json.Nodes;

namespace RftAspire.Jobs.OpenAi;

// Bodies that are read field by field, as the OpenAPI document shows them.

internal sealed record CreateJobDocument(string Model, string TrainingFile)
{
    public string? ValidationFile { get; init; }
    public string? Suffix { get; init; }
    public int? Seed { get; init; }
    public Dictionary<string, string>? Metadata { get; init; }
    public JsonArray? Integrations { get; init; }
    public MethodDocument? Method { get; init; }
}

internal sealed record MethodDocument(string Type)
{
    public SupervisedDocument? Supervised { get; init; }
    public ReinforcementDocument? Reinforcement { get; init; }
}

internal sealed record SupervisedDocument(JsonObject? Hyperparameters);

internal sealed record ReinforcementDocument(JsonObject Grader)
{
    public JsonObject? Hyperparameters { get; init; }
    public JsonObject? ResponseFormat { get; init; }
}

internal sealed record RunGraderDocument(JsonObject Grader, string ModelSample)
{
    public JsonObject? Item { get; init; }
}

internal sealed record UploadFileDocument(IFormFile File, string Purpose);

internal sealed record CreateUploadDocument(string Filename, string Purpose, long Bytes, string MimeType);

internal sealed record UploadPartDocument(IFormFile Data);

internal sealed record CompleteUploadDocument(string[] PartIds)
{
    public string? Md5 { get; init; }
}

internal sealed record ChatDocument(string Model, JsonArray Messages)
{
    public int? N { get; init; }
    public int? MaxCompletionTokens { get; init; }
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public string[]? Stop { get; init; }
    public long? Seed { get; init; }
    public bool? Logprobs { get; init; }
    public int? TopLogprobs { get; init; }
    public JsonObject? ResponseFormat { get; init; }
    public bool? Stream { get; init; }
    public JsonObject? StreamOptions { get; init; }
}

internal sealed record CompletionDocument(string Model, string Prompt)
{
    public int? N { get; init; }
    public int? MaxTokens { get; init; }
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public string[]? Stop { get; init; }
    public long? Seed { get; init; }
    public int? Logprobs { get; init; }
    public bool? Stream { get; init; }
}

internal sealed record EvalDocument(JsonObject DataSourceConfig, JsonArray TestingCriteria)
{
    public string? Name { get; init; }
    public Dictionary<string, string>? Metadata { get; init; }
}

internal sealed record EvalChangeDocument(string? Name, Dictionary<string, string>? Metadata);

internal sealed record EvalRunDocument(JsonObject DataSource)
{
    public string? Name { get; init; }
    public Dictionary<string, string>? Metadata { get; init; }
}
