using RftAspire.Contracts.Messages;
using RftAspire.Training;

namespace RftAspire.Services.Tests.Training;

public sealed class GraderMetricsTests
{
    [Fact]
    public void Create_Eval_HasACurveForEveryGraderAndKind()
    {
        var greedy = new[] { Group(Graded(1, ("exact", 1), ("style", 0.5))), Group(Graded(0.25, ("exact", 0), ("style", 0.5))) };
        var cut = Graded(0.5, ("exact", 0.5), ("style", 0.5));
        var sampled = new[] { Group(cut with { Rollout = cut.Rollout with { FinishReason = FinishReason.Length } }, Graded(null, ("exact", 1), ("style", null))) };

        var metrics = EvalMetrics.Create(greedy, sampled, TimeSpan.FromSeconds(3));

        Assert.Equal((0.625, 0.5), (metrics["reward/greedy"], metrics["reward/sampled"]));
        Assert.Equal((0.5, 0.75), (metrics["grader/exact/greedy"], metrics["grader/exact/sampled"]));
        Assert.Equal((0.5, 0.5), (metrics["grader/style/greedy"], metrics["grader/style/sampled"]));
        Assert.Equal((0.0, 1.0, 1.0, 1.0), (metrics["grader/exact/ungraded"], metrics["grader/style/ungraded"], metrics["ungraded/judge_unavailable"], metrics["rollouts/ungraded"]));
        Assert.Equal((1.0, 4.0, 0.25), (metrics["grader/style/ungraded/judge_unavailable"], metrics["rollouts/count"], metrics["completion/truncated"]));
        Assert.Equal((2.0, 12.0 * 8), (metrics["grader/exact/seconds"], metrics["grader/exact/tokens"] + metrics["grader/style/tokens"]));
        Assert.Equal((40.0, 8.0), (metrics["grader/exact/tokens/prompt"], metrics["grader/exact/tokens/completion"]));
        Assert.Equal((3.0, 4.0, 1.0, 3.0), (metrics["tokens/prompt"], metrics["tokens/completion"], metrics["completion_tokens/mean"], metrics["time/eval"]));
    }

    [Fact]
    public void Check_UpToTheShare_IsFine() => UngradedLimit.Check("step 1", [Group(Graded(1), Graded(0), Graded(null), Graded(0), Graded(0))], 0.2);

    [Fact]
    public void Check_AboveTheShare_NamesCountsFirstCauseAndRollout()
    {
        var groups = new[] { Group(Graded(1), Graded(0)), Group(Graded(null), Graded(null)) };

        var error = Assert.Throws<TrainingException>(() => UngradedLimit.Check("step 3", groups, 0.2));

        Assert.Equal("too_many_ungraded", error.Code);
        Assert.Equal("step 3: 2 of 4 rollouts could not be graded (2 judge_unavailable), first cause judge_unavailable: no answer; "
            + "it was prompt 7, rollout 0, with the answer \"two lines\"", error.Message);
    }

    private static PromptGroupGraded Group(params GradedRollout[] rollouts) => new()
    {
        Id = new GroupId("job", 3, GroupPurpose.Train, 0, PromptIndex: 7),
        WeightsVersion = 2,
        PromptTokens = [1],
        Rollouts = rollouts,
    };

    private static GradedRollout Graded(double? reward, params (string Name, double? Reward)[] parts) => new()
    {
        Rollout = new Rollout { Index = 0, CompletionTokens = [1], SamplingLogprobs = [0], Text = "two\nlines", FinishReason = FinishReason.Stop },
        Reward = reward,
        Error = reward is null ? s_error : null,
        Parts = [.. parts.Select(part => new GraderPart
        {
            Name = part.Name,
            Type = "score_model",
            Reward = part.Reward,
            Error = part.Reward is null ? s_error : null,
            Tokens = new TokenUsage(10, 2),
            Seconds = 2,
        })],
    };

    private static readonly GradingError s_error = new("judge_unavailable", "no answer");
}
