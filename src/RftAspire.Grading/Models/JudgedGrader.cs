using System.Text.Json;
using Grpc.Core;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Grading.Canaries;

namespace RftAspire.Grading.Models;

/// <summary>Asks a language model through Judge. An answer that lacks what the judge would be shown gets the lowest of the range, unasked.</summary>
public abstract class JudgedGrader(JudgedDefinition definition, JudgeClient judge) : IGrader
{
    public async ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation)
    {
        if (JudgeQuestion.Of(definition, request) is not { } question) return new GradeResult.Reward(definition.Range.Min);
        var judgement = await judge.AskAsync(question, (client, options) => Ask(client, question, options), cancellation);
        GradeResult result = judgement.OutcomeCase == Judgement.OutcomeOneofCase.Failure
            ? new GradeResult.Ungraded(judgement.Failure.Kind, $"{definition.Model}: {judgement.Failure.Message}")
            : new GradeResult.Reward(Reward(judgement));
        return result with
        {
            Explanation = judgement.Explanation.Length == 0 ? null : judgement.Explanation,
            Tokens = judgement.Usage.Aggregate(default(TokenUsage), (sum, usage) => sum + new TokenUsage(usage.PromptTokens, usage.CompletionTokens)),
        };
    }

    // A judge's time is dear, and its rubric says nothing about likely answers.
    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => Canary.Constants;

    private protected abstract AsyncUnaryCall<Judgement> Ask(JudgeService.JudgeServiceClient client, Question question, CallOptions options);

    private protected abstract double Reward(Judgement judgement);
}

/// <summary>The score that the judge gives, as it is.</summary>
public sealed class ScoreModelGrader(ScoreModelDefinition definition, JudgeClient judge) : JudgedGrader(definition, judge)
{
    private protected override AsyncUnaryCall<Judgement> Ask(JudgeService.JudgeServiceClient client, Question question, CallOptions options) => client.ScoreAsync(
        new ScoreRequest
        {
            Question = question,
            Range = new ScoreRange { Min = definition.Range.Min, Max = definition.Range.Max },
            MaxDifference = definition.MaxDifference,
        },
        options);

    private protected override double Reward(Judgement judgement) => judgement.Score;
}

/// <summary>1 where the judge's label is a passing one, else 0.</summary>
public sealed class LabelModelGrader(LabelModelDefinition definition, JudgeClient judge) : JudgedGrader(definition, judge)
{
    private protected override AsyncUnaryCall<Judgement> Ask(JudgeService.JudgeServiceClient client, Question question, CallOptions options) =>
        client.LabelAsync(new LabelRequest { Question = question, Labels = { definition.Labels } }, options);

    private protected override double Reward(Judgement judgement) => definition.PassingLabels.Contains(judgement.Label) ? 1 : 0;
}
