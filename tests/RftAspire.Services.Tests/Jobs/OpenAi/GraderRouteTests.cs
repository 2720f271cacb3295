using System.Text.Json;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

/// <summary>Graders over REST, with the real Grading behind it.</summary>
public sealed class GraderRouteTests(WorkbenchTests.JobsAndGrading service) : IClassFixture<WorkbenchTests.JobsAndGrading>
{
    private const string Graders = "/v1/fine_tuning/alpha/graders/";
    private const string Exact = """{"type":"string_check","input":"{{sample.output_text}}","reference":"{{item.answer}}","operation":"eq","made_up":1}""";

    [RedisFact]
    public async Task Validate_Grader_ComesBackWithANameAndWhatWeDoNotKnow()
    {
        var once = await PostAsync("validate", $$"""{"grader":{{Exact}}}""");
        var twice = await PostAsync("validate", $$"""{"grader":{{Exact}}}""");

        var grader = once.GetProperty("grader");
        Assert.Matches("^grader-[0-9a-f]{12}$", grader.GetProperty("name").GetString());
        Assert.Equal(1, grader.GetProperty("made_up").GetInt32());
        Assert.Equal(once.GetRawText(), twice.GetRawText());
    }

    [RedisFact]
    public async Task Run_Multi_HasEveryKeyOfTheContract()
    {
        var answer = await PostAsync("run", $$$"""
            {"grader":{"type":"multi","name":"m","graders":{"a":{{{Exact}}},"b":{"type":"string_check","input":"x","reference":"y","operation":"eq"} },"calculate_output":"0.8 * a + 0.2 * b"},
             "model_sample":"four","item":{"answer":"four"}}
            """);

        Assert.Equal(0.8, answer.GetProperty("reward").GetDouble(), 12);
        Assert.Equal("""{"a":1,"b":0}""", answer.GetProperty("sub_rewards").GetRawText());
        Assert.Equal("{}", answer.GetProperty("model_grader_token_usage_per_model").GetRawText());
        var metadata = answer.GetProperty("metadata");
        Assert.Equal(["name", "type", "errors", "execution_time", "scores", "token_usage", "sampled_model_name"], metadata.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("m", "multi", JsonValueKind.Null), (metadata.GetProperty("name").GetString(), metadata.GetProperty("type").GetString(), metadata.GetProperty("token_usage").ValueKind));
        Assert.All(s_flags, flag => Assert.Equal(JsonValueKind.False, metadata.GetProperty("errors").GetProperty(flag).ValueKind));
        Assert.All(s_details, name => Assert.Equal(JsonValueKind.Null, metadata.GetProperty("errors").GetProperty(name).ValueKind));
    }

    [RedisFact]
    public async Task Run_MissingColumn_IsAFlagNotAFailure()
    {
        var answer = await PostAsync("run", $$"""{"grader":{{Exact}},"model_sample":"four"}""");

        var errors = answer.GetProperty("metadata").GetProperty("errors");
        Assert.Equal(0, answer.GetProperty("reward").GetDouble());
        Assert.True(errors.GetProperty("invalid_variable_error").GetBoolean(), errors.GetRawText());
        Assert.Contains("answer", errors.GetProperty("invalid_variable_error_details").GetString(), StringComparison.Ordinal);
    }

    [RedisTheory]
    [InlineData("validate", """{"grader":{"type":"oracle"}}""", "grader.type", "invalid_grader")]
    [InlineData("validate", """{"grader":{"type":"string_check","reference":"x","operation":"eq"}}""", "grader.input", "invalid_grader")]
    [InlineData("validate", """{"grader":"x"}""", "grader", "invalid_type")]
    [InlineData("validate", "{}", "grader", "missing_required_parameter")]
    [InlineData("run", """{"grader":{"type":"string_check","input":"a","reference":"x","operation":"eq"}}""", "model_sample", "missing_required_parameter")]
    [InlineData("run", """{"grader":{"type":"string_check","input":"a","reference":"x","operation":"eq"},"model_sample":"a","item":[]}""", "item", "invalid_type")]
    public async Task Any_FaultyBody_NamesTheField(string route, string body, string param, string code)
    {
        var error = await (await service.PostJsonAsync(Graders + route, body)).ErrorAsync(400);

        Assert.Equal((param, code), (error.Param, error.Code));
    }

    private static readonly string[] s_flags =
    [
        "formula_parse_error", "sample_parse_error", "truncated_observation_error", "unresponsive_reward_error", "invalid_variable_error", "other_error", "python_grader_server_error",
        "python_grader_runtime_error", "model_grader_server_error", "model_grader_refusal_error", "model_grader_parse_error",
    ];

    private static readonly string[] s_details = ["python_grader_server_error_type", "python_grader_runtime_error_details", "model_grader_server_error_details"];

    private async Task<JsonElement> PostAsync(string route, string body) => await (await service.PostJsonAsync(Graders + route, body)).JsonAsync();
}
