using RftAspire.Contracts;

namespace RftAspire.Jobs.Metrics;

/// <summary>OpenAI's names for the kinds of ungraded rollouts, as docs/graders.md lists them.</summary>
public static class GraderFaults
{
    public const string Other = "other_error";
    public const string SampleParse = "sample_parse_error";
    public const string InvalidVariable = "invalid_variable_error";
    public const string PythonServer = "python_grader_server_error";
    public const string PythonRuntime = "python_grader_runtime_error";
    public const string ModelServer = "model_grader_server_error";
    public const string ModelRefusal = "model_grader_refusal_error";
    public const string ModelParse = "model_grader_parse_error";

    /// <summary>OpenAI's name of a kind.</summary>
    public static string NameOf(string kind) => kind switch
    {
        "invalid_reference" => InvalidVariable,
        "formula_error" => "formula_parse_error",
        "sandbox_unavailable" or "python_source" or "python_died" => PythonServer,
        JudgeFailureKind.Refused => ModelRefusal,
        JudgeFailureKind.Unreadable or JudgeFailureKind.Truncated or JudgeFailureKind.OutOfRange => ModelParse,
        _ when kind.StartsWith("python_", StringComparison.Ordinal) => PythonRuntime,
        _ when kind.StartsWith("judge_", StringComparison.Ordinal) => ModelServer,
        _ when kind.StartsWith("endpoint_", StringComparison.Ordinal) || kind.StartsWith("grpc_", StringComparison.Ordinal) => "endpoint_grader_server_error",
        _ => Other,
    };

    /// <summary>The names that graders of a type are reported under, whether or not anything went wrong.</summary>
    public static IReadOnlyList<string> Of(string type) => type switch
    {
        "python" => [Other, SampleParse, InvalidVariable, PythonServer, PythonRuntime],
        "score_model" or "label_model" => [Other, SampleParse, InvalidVariable, ModelServer, ModelRefusal, ModelParse],
        "endpoint" or "grpc" => [Other, SampleParse, InvalidVariable, "endpoint_grader_server_error"],
        _ => [Other, SampleParse, InvalidVariable],
    };
}
