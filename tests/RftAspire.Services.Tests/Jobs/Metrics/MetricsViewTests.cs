using System.Text.Json.Nodes;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Metrics;

namespace RftAspire.Services.Tests.Jobs.Metrics;

public sealed class MetricsViewTests
{
    private const string Grader = """
        {"type":"multi","name":"both","calculate_output":"val + judge","graders":{
          "val":{"type":"python","name":"val","source":"def grade(sample, item):\n    return 1.0"},
          "judge":{"type":"score_model","name":"judge","model":"big","input":[{"role":"user","content":"{{sample.output_text}}"}]}}}
        """;

    private static readonly Job s_job = new() { Id = "ftjob-1", TotalSteps = 20, GraderJson = Grader, Method = JobMethod.Reinforcement, ResponseFormatJson = """{"type":"json_object"}""" };

    private static readonly StepTrained s_step = new()
    {
        Step = 10,
        TotalSteps = 20,
        Metrics =
        {
            ["reward/mean"] = 0.4219, ["completion_tokens/mean"] = 311.5, ["rollouts/count"] = 16, ["rollouts/ungraded"] = 4,
            ["grader/val/reward"] = 0.25, ["grader/val/seconds"] = 0.5, ["grader/val/ungraded"] = 3,
            ["grader/val/ungraded/python_timeout"] = 1, ["grader/val/ungraded/python_exception"] = 1, ["grader/val/ungraded/invalid_reference"] = 1,
            ["grader/judge/reward"] = 0.75, ["grader/judge/tokens/prompt"] = 1600, ["grader/judge/tokens/completion"] = 80,
            ["grader/judge/ungraded/judge_refused"] = 1,
            ["time/sampling"] = 3, ["time/training"] = 2, ["time/step"] = 5, ["loss"] = double.NaN,
        },
    };

    private static readonly EvalCompleted s_eval = new()
    {
        Step = 10,
        Metrics =
        {
            ["reward/greedy"] = 0.9, ["reward/sampled"] = 0.68, ["rollouts/count"] = 8, ["rollouts/ungraded"] = 0, ["completion/truncated"] = 0.25,
            ["grader/val/greedy"] = 0.1, ["grader/val/sampled"] = 0.2, ["grader/judge/tokens/prompt"] = 800, ["grader/judge/tokens/completion"] = 8, ["time/eval"] = 4,
        },
    };

    [Fact]
    public void Message_StepWithEval_IsTheLineThatClientsRead()
    {
        var view = new MetricsView(s_job);

        Assert.Equal("Step 10/20 , train mean reward=0.42, full validation mean reward=0.68, full validation mean parse error=0.25", view.Message(s_step, s_eval));
        Assert.Equal("Step 10/20 , train mean reward=0.42", view.Message(s_step, null));
        Assert.Equal("Step 10/20 , full validation mean reward=0.68, full validation mean parse error=0.25", view.Message(null, s_eval));
    }

    [Fact]
    public void Message_FreeText_CannotFailToParse() =>
        Assert.Equal("Step 10/20 , full validation mean reward=0.68, full validation mean parse error=0.00", new MetricsView(new Job(s_job) { ResponseFormatJson = "" }).Message(null, s_eval));

    [Fact]
    public void Data_StepWithEval_HasBothUnderOpenAisNames()
    {
        var data = new MetricsView(s_job).Data(s_step, s_eval);

        Assert.Equal("10 20", $"{data["step"]!.ToJsonString()} {data["total_steps"]!.ToJsonString()}");
        Assert.Equal((0.4219, 0.68, 0.25), (Number(data, "train_mean_reward"), Number(data, "full_valid_mean_reward"), Number(data, "full_valid_mean_parse_error")));
        Assert.Equal((311.5, 0.25), (Number(data, "completion_tokens_mean"), Number(data, "mean_unresponsive_rewards")));
        Assert.Equal(
            """{"graders":[{"name":"val","type":"python","train_reward_mean":0.25,"valid_reward_mean":0.2},{"name":"judge","type":"score_model","train_reward_mean":0.75}],"train_reward_mean":0.4219,"valid_reward_mean":0.68}""",
            data["scores"]!.ToJsonString());
        Assert.Equal("""{"sampling":3,"training":2,"eval":4,"full_iteration":9}""", data["timing"]!["step"]!.ToJsonString());
        Assert.Equal(0.5, Number(data["timing"]!["graders"]![0]!, "train_execution_latency_mean"));
        Assert.Equal(
            """{"big":{"train_prompt_tokens":1600,"train_completion_tokens":80,"train_cached_tokens":0,"eval_prompt_tokens":800,"eval_completion_tokens":8,"eval_cached_tokens":0}}""",
            data["model_graders_token_usage"]!.ToJsonString());
        var usage = Assert.Single(data["usage"]!["graders"]!.AsArray())!;
        Assert.Equal(("big", 100, "1600", 1), ((string)usage["model"]!, Number(usage, "train_prompt_tokens_mean"), usage["train_prompt_tokens_count"]!.ToJsonString(), Number(usage, "valid_completion_tokens_mean")));
    }

    [Fact]
    public void Data_UngradedRollouts_AreCountedByGraderAndKind()
    {
        var errors = new MetricsView(s_job).Data(s_step, null)["errors"]!["graders"]!;

        var counts = errors[0]!.AsObject().Where(field => field.Key.EndsWith("_count", StringComparison.Ordinal)).Select(field => $"{field.Key}={field.Value}");
        Assert.Equal(
            ["train_other_error_count=0", "train_sample_parse_error_count=0", "train_invalid_variable_error_count=1", "train_python_grader_server_error_count=0", "train_python_grader_runtime_error_count=2"],
            counts);
        Assert.Equal(0.125, Number(errors[0]!, "train_python_grader_runtime_error_mean"));
        Assert.Equal("1", errors[1]!["train_model_grader_refusal_error_count"]!.ToJsonString());
    }

    [Fact]
    public void Data_OnlyGreedyAnswers_AreTheValidationReward()
    {
        var eval = new EvalCompleted { Step = 0, Metrics = { ["reward/greedy"] = 0.5 } };

        var data = new MetricsView(s_job).Data(null, eval);

        Assert.Equal((0.5, 20), (Number(data, "full_valid_mean_reward"), (int)data["total_steps"]!));
        Assert.False(data.ContainsKey("train_mean_reward"));
    }

    [Fact]
    public void Data_Checkpoint_HasBothSpellings()
    {
        var checkpoint = new Checkpoint { Step = 10, Metrics = { ["reward/mean"] = 0.42, ["reward/sampled"] = 0.68, ["completion_tokens/mean"] = 3 } };

        var data = new MetricsView(s_job).Data(checkpoint);

        Assert.Equal(
            """{"step":10,"train_mean_reward":0.42,"full_valid_mean_reward":0.68,"completion_tokens_mean":3,"reasoning_tokens_mean":0,"train_reward_mean":0.42,"valid_reward_mean":0.68}""",
            data.ToJsonString());
    }

    [Fact]
    public void Supervised_StepAndEval_HaveLossAndAccuracy()
    {
        var view = new MetricsView(new Job { Method = JobMethod.Supervised, TotalSteps = 300 });
        var step = new StepTrained { Step = 1, TotalSteps = 300, Metrics = { ["loss/train"] = 0.2249, ["accuracy/train"] = 0.5 } };
        var eval = new EvalCompleted { Step = 1, Metrics = { ["loss/valid"] = 0.5, ["accuracy/valid"] = 0.25 } };

        Assert.Equal("Step 1/300: training loss=0.22", view.Message(step, null));
        Assert.Equal("Step 1/300: training loss=0.22, full validation loss=0.50", view.Message(step, eval));
        var data = view.Data(step, eval);
        Assert.Equal((0.2249, 0.5, 0.5, 0.25), (Number(data, "train_loss"), Number(data, "train_mean_token_accuracy"), Number(data, "full_valid_loss"), Number(data, "full_valid_mean_token_accuracy")));
        Assert.False(data.ContainsKey("scores"));
    }

    private static double Number(JsonNode data, string name) => (double)data[name]!;
}
