using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Evals;

namespace RftAspire.Jobs.OpenAi;

/// <summary>Evals, runs and output items in the shapes of the OpenAI API.</summary>
internal static class EvalBodies
{
    internal sealed record Body(string Id, string Object)
    {
        [System.Text.Json.Serialization.JsonExtensionData]
        public Dictionary<string, object?> Fields { get; init; } = [];
    }

    public static Body Of(Eval eval) => new(eval.Id, "eval")
    {
        Fields = new()
        {
            ["name"] = eval.Name,
            ["created_at"] = Seconds(eval.CreatedAt),
            ["data_source_config"] = new { type = "custom", schema = SchemaOf(eval.DataSourceConfigJson) },
            ["testing_criteria"] = eval.TestingCriteriaJson.Select(json => JsonElement.Parse(json)),
            ["metadata"] = eval.Metadata,
        },
    };

    public static Body Of(EvalRun run) => new(run.Id, "eval.run")
    {
        Fields = new()
        {
            ["eval_id"] = run.EvalId,
            ["name"] = run.Name,
            ["status"] = NameOf(run.State),
            ["model"] = run.Model,
            ["created_at"] = Seconds(run.CreatedAt),
            ["report_url"] = "",
            ["result_counts"] = new { total = run.Total, passed = run.Passed, failed = run.Failed, errored = run.Errored },
            ["per_testing_criteria_results"] = run.Criteria.Select(criterion => new { testing_criteria = criterion.Name, passed = criterion.Passed, failed = criterion.Failed }),
            ["per_model_usage"] = run.Model.Length == 0 ? Array.Empty<object>() : [Usage(run.Model, run.Passed + run.Failed + run.Errored, run.Usage)],
            ["data_source"] = JsonElement.Parse(run.DataSourceJson),
            ["error"] = run.Error is { } error ? new { code = error.Code, message = error.Message } : null,
            ["metadata"] = run.Metadata,
        },
    };

    public static Body Of(OutputItem item, EvalRun run) => new(item.Id, "eval.run.output_item")
    {
        Fields = new()
        {
            ["created_at"] = Seconds(item.CreatedAt),
            ["run_id"] = item.RunId,
            ["eval_id"] = run.EvalId,
            ["status"] = item.Status,
            ["datasource_item_id"] = item.Row,
            ["datasource_item"] = JsonElement.Parse(item.ItemJson),
            ["results"] = item.Results.Select(result => new
            {
                name = result.Name,
                type = result.Type,
                score = result.HasScore ? result.Score : (double?)null,
                passed = result.Passed,
                explanation = result.Explanation,
                error = result.Ungraded is { } fault ? new { code = fault.Kind, message = fault.Message } : null,
            }),
            ["sample"] = Sample(item, run),
        },
    };

    public static EvalRunState StateOf(string status) =>
        System.Enum.GetValues<EvalRunState>().FirstOrDefault(state => NameOf(state) == status);

    private static string NameOf(EvalRunState state) => state == EvalRunState.Unspecified ? "" : JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());

    private static object Sample(OutputItem item, EvalRun run)
    {
        var sampling = run.Model.Length > 0 ? RunSource.Parse(run.DataSourceJson).Sampling : new CompleteRequest();
        return new
        {
            input = item.Input.Select(message => new { role = message.Role, content = message.Content }),
            output = new[] { new { role = "assistant", content = item.Output } },
            finish_reason = item.FinishReason,
            model = run.Model,
            usage = Usage(item.Usage),
            error = item.Error is { } error ? new { code = error.Code, message = error.Message } : null,
            temperature = sampling.HasTemperature ? sampling.Temperature : 1,
            top_p = sampling.HasTopP ? sampling.TopP : 1,
            max_completion_tokens = sampling.HasMaxCompletionTokens ? sampling.MaxCompletionTokens : (int?)null,
            seed = (sampling.HasSeed ? sampling.Seed : 0) + item.Row,
        };
    }

    private static object SchemaOf(string config)
    {
        using var document = JsonDocument.Parse(config);
        var item = document.RootElement.TryGetProperty("item_schema", out var schema) ? schema.Clone() : JsonElement.Parse("{}");
        return new { type = "object", properties = new { item }, required = new[] { "item" } };
    }

    private static object Usage(CompletionUsage? usage) => new
    {
        prompt_tokens = usage?.PromptTokens ?? 0,
        completion_tokens = usage?.CompletionTokens ?? 0,
        total_tokens = (usage?.PromptTokens ?? 0) + (usage?.CompletionTokens ?? 0),
        cached_tokens = 0,
    };

    private static object Usage(string model, int calls, CompletionUsage usage) => new
    {
        model_name = model,
        invocation_count = calls,
        prompt_tokens = usage.PromptTokens,
        completion_tokens = usage.CompletionTokens,
        total_tokens = usage.PromptTokens + usage.CompletionTokens,
        cached_tokens = 0,
    };

    private static long Seconds(Timestamp time) => time.Seconds;
}
