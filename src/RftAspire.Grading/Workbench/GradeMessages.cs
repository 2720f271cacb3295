using RftAspire.Contracts.Grading.V1;
using RftAspire.Contracts.Messages;

namespace RftAspire.Grading.Workbench;

/// <summary>Grade results as messages and back.</summary>
public static class GradeMessages
{
    /// <summary>The result as the answer of Run.</summary>
    /// <param name="result">What the grader said.</param>
    /// <param name="seconds">How long it took.</param>
    public static RunResponse ToMessage(this GradeResult result, double seconds)
    {
        var response = new RunResponse
        {
            Explanation = result.Explanation ?? "",
            PromptTokens = (int)result.Tokens.Prompt,
            CompletionTokens = (int)result.Tokens.Completion,
            Seconds = seconds,
            Parts = { result.Parts.Select(ToMessage) },
        };
        if (result is GradeResult.Reward reward) response.Reward = reward.Value;
        else if (result is GradeResult.Ungraded ungraded) response.Ungraded = new GradingFault { Kind = ungraded.Kind, Message = ungraded.Message };
        return response;
    }

    /// <summary>The result that a platform's answer stands for.</summary>
    public static GradeResult ToResult(this RunResponse response)
    {
        GradeResult result = response.ResultCase == RunResponse.ResultOneofCase.Reward
            ? new GradeResult.Reward(response.Reward)
            : new GradeResult.Ungraded(response.Ungraded?.Kind ?? "grader_error", response.Ungraded?.Message ?? "the platform gave no result");
        return result with
        {
            Explanation = Words(response.Explanation),
            Tokens = new TokenUsage(response.PromptTokens, response.CompletionTokens),
            Parts = [.. response.Parts.Select(ToPart)],
        };
    }

    private static GraderPartResult ToMessage(GraderPart part)
    {
        var message = new GraderPartResult
        {
            Name = part.Name,
            Type = part.Type,
            Explanation = part.Explanation ?? "",
            PromptTokens = (int)part.Tokens.Prompt,
            CompletionTokens = (int)part.Tokens.Completion,
            Seconds = part.Seconds ?? 0,
        };
        if (part.Reward is { } reward) message.Reward = reward;
        else if (part.Error is { } error) message.Ungraded = new GradingFault { Kind = error.Kind, Message = error.Message };
        return message;
    }

    private static GraderPart ToPart(GraderPartResult part) => new()
    {
        Name = part.Name,
        Type = part.Type,
        Reward = part.ResultCase == GraderPartResult.ResultOneofCase.Reward ? part.Reward : null,
        Error = part.Ungraded is { } fault ? new GradingError(fault.Kind, fault.Message) : null,
        Explanation = Words(part.Explanation),
        Tokens = new TokenUsage(part.PromptTokens, part.CompletionTokens),
        Seconds = part.Seconds,
    };

    private static string? Words(string text) => text.Length > 0 ? text : null;
}
