using System.Text.Json.Nodes;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Jobs.Metrics;

namespace RftAspire.Jobs.OpenAi;

/// <summary>What a grader made of an answer. A grader that failed is told in the flags; its reward is 0 then, since there must be a number.</summary>
internal sealed record GraderRunBody(double Reward, GraderRunMetadata Metadata, IReadOnlyDictionary<string, double> SubRewards, IReadOnlyDictionary<string, GraderTokens> ModelGraderTokenUsagePerModel)
{
    public static GraderRunBody Of(GraderDefinition grader, string name, RunResponse run)
    {
        var parts = run.Parts.Zip(grader.Leaves).Select(pair => (Result: pair.First, Leaf: pair.Second)).ToList();
        var faults = parts.Select(part => part.Result.Ungraded).Append(run.Ungraded).OfType<GradingFault>().ToList();
        var tokens = run.PromptTokens + run.CompletionTokens;
        return new(
            run.Reward,
            new GraderRunMetadata(name, grader.Type, Errors(faults), run.Seconds, [], tokens > 0 ? tokens : null, parts.Select(part => part.Leaf).OfType<JudgedDefinition>().FirstOrDefault()?.Model),
            grader is MultiDefinition ? parts.ToDictionary(part => part.Result.Name, part => part.Result.Reward) : [],
            parts.Where(part => part.Leaf is JudgedDefinition && part.Result.PromptTokens + part.Result.CompletionTokens > 0)
                .GroupBy(part => ((JudgedDefinition)part.Leaf).Model, part => part.Result)
                .ToDictionary(model => model.Key, GraderTokens.Of));
    }

    private static JsonObject Errors(List<GradingFault> faults)
    {
        var names = faults.Select(fault => GraderFaults.NameOf(fault.Kind)).ToHashSet();
        string? Details(string name) => faults.Find(fault => GraderFaults.NameOf(fault.Kind) == name)?.Message;
        bool Is(string name) => names.Contains(name);
        return new JsonObject
        {
            ["formula_parse_error"] = Is("formula_parse_error"),
            ["sample_parse_error"] = Is(GraderFaults.SampleParse),
            ["sample_parse_error_details"] = Details(GraderFaults.SampleParse),
            ["truncated_observation_error"] = false,
            ["unresponsive_reward_error"] = false,
            ["invalid_variable_error"] = Is(GraderFaults.InvalidVariable),
            ["invalid_variable_error_details"] = Details(GraderFaults.InvalidVariable),
            ["other_error"] = Is(GraderFaults.Other),
            ["other_error_details"] = Details(GraderFaults.Other),
            ["python_grader_server_error"] = Is(GraderFaults.PythonServer),
            ["python_grader_server_error_type"] = faults.Find(fault => GraderFaults.NameOf(fault.Kind) == GraderFaults.PythonServer)?.Kind,
            ["python_grader_runtime_error"] = Is(GraderFaults.PythonRuntime),
            ["python_grader_runtime_error_details"] = Details(GraderFaults.PythonRuntime),
            ["model_grader_server_error"] = Is(GraderFaults.ModelServer),
            ["model_grader_server_error_details"] = Details(GraderFaults.ModelServer),
            ["model_grader_refusal_error"] = Is(GraderFaults.ModelRefusal),
            ["model_grader_refusal_error_details"] = Details(GraderFaults.ModelRefusal),
            ["model_grader_parse_error"] = Is(GraderFaults.ModelParse),
            ["model_grader_parse_error_details"] = Details(GraderFaults.ModelParse),
            ["endpoint_grader_server_error"] = Is("endpoint_grader_server_error"),
            ["endpoint_grader_server_error_details"] = Details("endpoint_grader_server_error"),
        };
    }
}

/// <param name="TokenUsage">A whole number or null: .NET's SDK cannot read anything else.</param>
internal sealed record GraderRunMetadata(string Name, string Type, JsonObject Errors, double ExecutionTime, JsonObject Scores, int? TokenUsage, string? SampledModelName);

internal sealed record GraderTokens(int PromptTokens, int TotalTokens, int CompletionTokens, int CachedTokens)
{
    public static GraderTokens Of(IEnumerable<GraderPartResult> parts)
    {
        var (prompt, completion) = (parts.Sum(part => part.PromptTokens), parts.Sum(part => part.CompletionTokens));
        return new(prompt, prompt + completion, completion, 0);
    }
}
