using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using Rollout = RftAspire.Contracts.Jobs.V1.Rollout;

namespace RftAspire.Jobs.Rollouts;

/// <summary>A rollout in the API's form, without its tokens.</summary>
internal static class RolloutMessage
{
    public static Rollout Of(GroupId group, GradedRollout graded)
    {
        var message = new Rollout
        {
            Step = group.Step,
            Group = group.Group,
            Index = graded.Rollout.Index,
            PromptIndex = group.PromptIndex,
            Completion = graded.Rollout.Text,
            CompletionTokens = graded.Rollout.CompletionTokens.Length,
            FinishReason = HyperparameterReader.NameOf(graded.Rollout.FinishReason),
            Ungraded = Of(graded.Error),
            Parts = { graded.Parts.Select(Of) },
        };
        if (graded.Reward is { } reward) message.Reward = reward;
        return message;
    }

    private static RolloutPart Of(GraderPart part)
    {
        var message = new RolloutPart { Name = part.Name, Type = part.Type, Ungraded = Of(part.Error), Explanation = part.Explanation ?? "" };
        if (part.Reward is { } reward) message.Reward = reward;
        return message;
    }

    private static RolloutFault? Of(GradingError? error) => error is null ? null : new RolloutFault { Kind = error.Kind, Message = error.Message };
}
