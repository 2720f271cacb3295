using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.OpenAi.FineTuning;

/// <summary>The body of POST /v1/fine_tuning/jobs as a request of CreateJob.</summary>
internal static class CreateJobForm
{
    private const int MostIntegrations = 5;
    private const int LongestIntegrations = 1 << 16;

    public static CreateJobRequest Read(JsonFields body)
    {
        var request = new CreateJobRequest
        {
            Model = body.Text("model"),
            TrainingDatasetId = body.Text("training_file"),
            ValidationDatasetId = body.OptionalText("validation_file") ?? "",
            Suffix = body.OptionalText("suffix") ?? "",
        };
        if (body.Whole("seed") is { } seed)
            request.Seed = seed is >= 0 and <= int.MaxValue ? seed : throw body.Invalid("seed", $"{seed} is out of range; 0 to {int.MaxValue}");
        ReadMetadata(body, request);
        var echo = new JsonObject();
        ReadMethod(body, request, echo);
        ReadIntegrations(body, echo);
        request.Annotation = echo.Count > 0 ? echo.ToJsonString() : "";
        return request;
    }

    /// <summary>What CreateJob's fields are called here; those of the method by the method that was read.</summary>
    public static FieldNames Names(JobMethod method)
    {
        var place = method == JobMethod.Supervised ? "method.supervised" : "method.reinforcement";
        return new FieldNames(
            ("model", "model", "model_not_found"),
            ("training_dataset_id", "training_file", "file_not_found"),
            ("validation_dataset_id", "validation_file", "file_not_found"),
            ("grader_json", place + ".grader", "invalid_grader"),
            ("annotation", "method", "invalid_value"),
            ("response_format_json", place + ".response_format", "invalid_value"),
            ("hyperparameters.prompts_per_step", $"{place}.hyperparameters.{HyperparameterBody.BatchSize}", "invalid_value"),
            ("hyperparameters", place + ".hyperparameters", "invalid_value"),
            ("idempotency_key", "Idempotency-Key", "invalid_value"));
    }

    private static void ReadMetadata(JsonFields body, CreateJobRequest request)
    {
        if (body.OptionalFields("metadata") is not { } metadata) return;
        foreach (var pair in metadata.Value.EnumerateObject())
            request.Metadata[pair.Name] = pair.Value.ValueKind == JsonValueKind.String ? metadata.Text(pair.Name) : throw metadata.Wrong(pair.Name, pair.Value, "text");
    }

    private static void ReadMethod(JsonFields body, CreateJobRequest request, JsonObject echo)
    {
        var method = body.OptionalFields("method");
        switch (method?.Text("type") ?? "supervised")
        {
            case "supervised":
                request.Method = JobMethod.Supervised;
                var asked = method?.OptionalFields("supervised")?.OptionalFields("hyperparameters") ?? body.OptionalFields("hyperparameters");
                request.Hyperparameters = HyperparameterBody.Read(asked);
                break;
            case "reinforcement":
                request.Method = JobMethod.Reinforcement;
                if (body.OptionalFields("hyperparameters")?.Value.EnumerateObject().Any() == true)
                    throw Unsupported("hyperparameters", "are those of a supervised job; write method.reinforcement.hyperparameters");
                ReadReinforcement(method!.Fields("reinforcement"), request, echo);
                break;
            case "dpo":
                throw OpenAiException.Invalid("method.type", "preference tuning (dpo) is not there yet; use reinforcement or supervised", "unsupported_method");
            case var type:
                throw OpenAiException.Invalid("method.type", $"'{type}' is unknown; reinforcement or supervised", "unsupported_method");
        }
    }

    private static void ReadReinforcement(JsonFields body, CreateJobRequest request, JsonObject echo)
    {
        var grader = body.Fields("grader").Value.GetRawText();
        echo["grader"] = JsonNode.Parse(grader);
        try
        {
            request.GraderJson = GraderDefinition.Parse(grader, ignoresUnknown: true).Json;
        }
        catch (GraderException fault)
        {
            throw Faults.Invalid("grader_json", fault.Message);
        }
        if (body.OptionalFields("response_format") is { } format)
        {
            request.ResponseFormatJson = format.Value.GetRawText();
            echo["response_format"] = JsonNode.Parse(request.ResponseFormatJson);
        }
        if (body.Items("tools").Count > 0) throw Unsupported(body.PathOf("tools"), "rollouts call no tools; leave them out, the rows' own tools are shown to the model");
        if (body.Find("max_episode_steps") is not null) throw Unsupported(body.PathOf("max_episode_steps"), "rollouts have one step; leave it out");
        request.Hyperparameters = HyperparameterBody.Read(body.OptionalFields("hyperparameters"));
    }

    private static OpenAiException Unsupported(string param, string why) => OpenAiException.Invalid(param, why, "unsupported_parameter");

    // Nothing is sent anywhere; the echo is what clients look for.
    private static void ReadIntegrations(JsonFields body, JsonObject echo)
    {
        var integrations = body.Items("integrations");
        if (integrations.Count == 0) return;
        if (integrations.Count > MostIntegrations) throw body.Invalid("integrations", $"are {integrations.Count}; at most {MostIntegrations}");
        for (var i = 0; i < integrations.Count; i++)
        {
            var path = $"integrations[{i}]";
            if (integrations[i].ValueKind != JsonValueKind.Object) throw body.Wrong(path, integrations[i], "an object");
            var integration = new JsonFields(integrations[i], path);
            if (integration.Text("type") == "wandb") integration.Fields("wandb").Text("project");
        }
        var text = body.Value.GetProperty("integrations").GetRawText();
        if (text.Length > LongestIntegrations) throw body.Invalid("integrations", $"have {text.Length} characters; at most {LongestIntegrations}");
        echo["integrations"] = JsonNode.Parse(text);
    }
}
