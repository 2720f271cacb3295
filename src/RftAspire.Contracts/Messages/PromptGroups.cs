namespace RftAspire.Contracts.Messages;

/// <summary>Which part of a job's data a prompt group belongs to, and so what its rewards are used for.</summary>
public enum GroupPurpose
{
    Train,
    EvalGreedy,
    EvalSampled,
}

/// <summary>
/// Identity of one prompt group. It is deterministic, so a redelivered message names the same work and every consumer
/// can be idempotent; a rollout is identified by its group and index.
/// </summary>
/// <param name="JobId">The job.</param>
/// <param name="Step">The step that will learn from the group (from 1); for an eval, the weights version evaluated.</param>
/// <param name="Purpose">Training or one of the evals.</param>
/// <param name="Group">Index of the group within the step, from 0.</param>
/// <param name="PromptIndex">Row of the training (or validation) prompts file, from 0.</param>
public sealed record GroupId(string JobId, int Step, GroupPurpose Purpose, int Group, int PromptIndex);

/// <summary>How completions are drawn. Temperature 0 is greedy.</summary>
public sealed record SamplingParameters
{
    public required int MaxCompletionTokens { get; init; }
    public double Temperature { get; init; } = 1;
    public double TopP { get; init; } = 1;
    public int TopK { get; init; }
    /// <summary>What the text must be, see <see cref="ResponseFormat"/>; null leaves it free.</summary>
    public string? ResponseFormatJson { get; init; }
}

/// <summary>Command from Training to Sampling: draw <see cref="GroupSize"/> completions of one prompt.</summary>
public sealed record SamplePromptGroup
{
    public required GroupId Id { get; init; }
    public required WeightsReference Weights { get; init; }
    public required int[] PromptTokens { get; init; }
    public required int GroupSize { get; init; }
    public required SamplingParameters Sampling { get; init; }
    /// <summary>The job's seed; random numbers are a function of (seed, step, purpose, group, rollout index, position).</summary>
    public required long Seed { get; init; }
}

/// <summary>Why a completion ended.</summary>
public enum FinishReason
{
    Stop,
    Length,
}

/// <summary>One sampled completion.</summary>
public sealed record Rollout
{
    /// <summary>Place in the group, from 0.</summary>
    public required int Index { get; init; }
    /// <summary>The sampled ids, the end token included where there is one.</summary>
    public required int[] CompletionTokens { get; init; }
    /// <summary>
    /// log p of each sampled token under the sampling weights at the sampling temperature, over the whole vocabulary, also where top-p,
    /// top-k or a response format left fewer tokens to draw from.
    /// </summary>
    public required float[] SamplingLogprobs { get; init; }
    /// <summary>The completion as text, without the end token.</summary>
    public required string Text { get; init; }
    public required FinishReason FinishReason { get; init; }
}

/// <summary>Event from Sampling to Grading: one group's rollouts, in index order.</summary>
public sealed record PromptGroupSampled
{
    public required GroupId Id { get; init; }
    public required int WeightsVersion { get; init; }
    public required int[] PromptTokens { get; init; }
    public required Rollout[] Rollouts { get; init; }
}

/// <summary>
/// A rollout with what the grader said of it: a reward, or the kind and message of why there is none. An ungraded rollout
/// is excluded from its group and counted; it is never reward 0.
/// </summary>
public sealed record GradedRollout
{
    public required Rollout Rollout { get; init; }
    public double? Reward { get; init; }
    public GradingError? Error { get; init; }
    /// <summary>What each single grader said, in the order of the grader's definition.</summary>
    public GraderPart[] Parts { get; init; } = [];
}

/// <summary>Why a rollout has no reward.</summary>
public sealed record GradingError(string Kind, string Message);

/// <summary>What one grader said of one rollout: a reward or an error.</summary>
public sealed record GraderPart
{
    /// <summary>The grader's name; within a multi, its key.</summary>
    public required string Name { get; init; }
    public required string Type { get; init; }
    public double? Reward { get; init; }
    public GradingError? Error { get; init; }
    /// <summary>Its reasons in words, where it gives any.</summary>
    public string? Explanation { get; init; }
    public TokenUsage Tokens { get; init; }
    /// <summary>Time it took; unknown in what is stored, since it differs from run to run.</summary>
    public double? Seconds { get; init; }
}

/// <summary>Tokens that language models took.</summary>
public readonly record struct TokenUsage(long Prompt, long Completion)
{
    public static TokenUsage operator +(TokenUsage left, TokenUsage right) => new(left.Prompt + right.Prompt, left.Completion + right.Completion);
}

/// <summary>Event from Grading to Training: one group's rollouts with rewards, in index order.</summary>
public sealed record PromptGroupGraded
{
    public required GroupId Id { get; init; }
    public required int WeightsVersion { get; init; }
    public required int[] PromptTokens { get; init; }
    public required GradedRollout[] Rollouts { get; init; }
}
