using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Evals;

/// <summary>The <c>data_source</c> of a run as data.</summary>
/// <param name="Model">Who answers; empty where the rows bring their answers.</param>
/// <param name="FileId">The file with the rows; null where they are given.</param>
/// <param name="Content">The rows given.</param>
/// <param name="Input">How a row becomes what the model is asked.</param>
/// <param name="Sampling">How it answers; model and messages are filled in for each row.</param>
public sealed record RunSource(string Model, string? FileId, IReadOnlyList<JsonElement> Content, InputMessages Input, CompleteRequest Sampling)
{
    /// <exception cref="GraderException">A field is missing or wrong; the path says which, and the message what to write.</exception>
    public static RunSource Parse(string json)
    {
        var fields = Read(json) is { ValueKind: JsonValueKind.Object } read ? read : throw Fault("", "is no object");
        var answered = InputMessages.Text(fields, "type") switch
        {
            "jsonl" => true,
            "completions" => false,
            var type => throw Fault(".type", $"'{type}' is unknown; jsonl for rows with answers, completions for rows that a model answers"),
        };
        var model = InputMessages.Text(fields, "model") ?? "";
        if (!answered && model.Length == 0) throw Fault(".model", "is missing; name the model that answers");
        var (fileId, content) = SourceOf(fields);
        return new RunSource(answered ? "" : model, fileId, content, answered ? InputMessages.Read(null) : InputMessages.Read(Find(fields, "input_messages")), SamplingOf(fields));
    }

    private static JsonElement Read(string json)
    {
        try
        {
            return SoundJson.Parse(json);
        }
        catch (JsonException error)
        {
            throw Fault("", $"is no JSON: {error.Message}");
        }
    }

    private static (string?, IReadOnlyList<JsonElement>) SourceOf(JsonElement fields)
    {
        if (Find(fields, "source") is not { ValueKind: JsonValueKind.Object } source) throw Fault(".source", "is missing; give {\"type\":\"file_content\",\"content\":[…]} or {\"type\":\"file_id\",\"id\":…}");
        return InputMessages.Text(source, "type") switch
        {
            "file_id" => (InputMessages.Text(source, "id") ?? throw Fault(".source.id", "is missing; give a file's id"), []),
            "file_content" when Find(source, "content") is { ValueKind: JsonValueKind.Array } content => (null, [.. content.EnumerateArray()]),
            "file_content" => throw Fault(".source.content", "is no array of rows"),
            var type => throw Fault(".source.type", $"'{type}' is unknown; file_content or file_id"),
        };
    }

    private static CompleteRequest SamplingOf(JsonElement fields)
    {
        var request = new CompleteRequest();
        if (Find(fields, "sampling_params") is not { } given) return request;
        if (given.ValueKind != JsonValueKind.Object) throw Fault(".sampling_params", "is no object");
        foreach (var field in given.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null) continue;
            switch (field.Name)
            {
                case "temperature": request.Temperature = Number(field); break;
                case "top_p": request.TopP = Number(field); break;
                case "seed": request.Seed = Whole(field); break;
                case "max_completion_tokens" or "max_completions_tokens" or "max_tokens": request.MaxCompletionTokens = (int)Math.Clamp(Whole(field), int.MinValue, int.MaxValue); break;
                case "response_format": request.ResponseFormatJson = Format(field); break;
                case "reasoning_effort": break;
                default: throw Fault($".sampling_params.{field.Name}", "is not supported; temperature, top_p, seed, max_completion_tokens and response_format are");
            }
        }
        return request;
    }

    private static string Format(JsonProperty field)
    {
        try
        {
            ResponseFormat.Parse(field.Value.GetRawText());
            return field.Value.GetRawText();
        }
        catch (FormatException error)
        {
            throw Fault(".sampling_params.response_format", error.Message);
        }
    }

    private static double Number(JsonProperty field) =>
        field.Value.ValueKind == JsonValueKind.Number ? field.Value.GetDouble() : throw Fault($".sampling_params.{field.Name}", "is no number");

    private static long Whole(JsonProperty field) =>
        field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt64(out var number) ? number : throw Fault($".sampling_params.{field.Name}", "is no whole number");

    private static JsonElement? Find(JsonElement fields, string name) => fields.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null ? found : null;

    private static GraderException Fault(string path, string message) => new("data_source" + path, message);
}
