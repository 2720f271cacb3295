using System.Text.Json.Nodes;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Jobs;

/// <summary>Rollouts as JSON, under the names of jobs.proto.</summary>
public static class RolloutJson
{
    public static JsonObject Of(Rollout rollout) => new()
    {
        ["step"] = rollout.Step,
        ["group"] = rollout.Group,
        ["index"] = rollout.Index,
        ["prompt_index"] = rollout.PromptIndex,
        ["prompt"] = rollout.Prompt,
        ["completion"] = rollout.Completion,
        ["completion_tokens"] = rollout.CompletionTokens,
        ["finish_reason"] = rollout.FinishReason,
        ["reward"] = rollout.HasReward ? rollout.Reward : null,
        ["ungraded"] = Of(rollout.Ungraded),
        ["parts"] = new JsonArray([.. rollout.Parts.Select(Of)]),
    };

    private static JsonObject Of(RolloutPart part) => new()
    {
        ["name"] = part.Name,
        ["type"] = part.Type,
        ["reward"] = part.HasReward ? part.Reward : null,
        ["ungraded"] = Of(part.Ungraded),
        ["explanation"] = part.Explanation.Length == 0 ? null : part.Explanation,
    };

    private static JsonObject? Of(RolloutFault? fault) => fault is null ? null : new() { ["kind"] = fault.Kind, ["message"] = fault.Message };
}
