using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;

namespace RftAspire.Sampling;

/// <summary>From the command for a prompt group to its rollouts.</summary>
public sealed class PromptGroupSampler(PolicyCache policies, SamplingLoop loop)
{
    private readonly AnswerConstraints _constraints = new();

    /// <summary>The group's rollouts in index order.</summary>
    public async Task<Rollout[]> SampleAsync(SamplePromptGroup command, CancellationToken cancellation)
    {
        using var lease = await policies.RentAsync(command.Weights);
        var result = new TaskCompletionSource<Rollout[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var model = lease.Policy.Model;
        // Made here and not where it is decoded: nobody waits while a schema is compiled.
        var entry = new BatchEntry(Request(command, model), completions => result.TrySetResult(ToRollouts(completions, model)), Cancellation: cancellation);
        loop.Add(new DecodingWork(lease, isChat: false, _ => entry, error => result.TrySetException(error)));
        return await result.Task.WaitAsync(cancellation);
    }

    private SampleRequest Request(SamplePromptGroup command, LanguageModel model) => new()
    {
        Prompt = command.PromptTokens,
        Count = command.GroupSize,
        MaxTokens = command.Sampling.MaxCompletionTokens,
        Temperature = command.Sampling.Temperature,
        TopP = command.Sampling.TopP,
        TopK = command.Sampling.TopK,
        Key = RandomKey.FromSeed(command.Seed).Derive(command.Id.Step).Derive((long)command.Id.Purpose).Derive(command.Id.Group),
        StopTokens = model.Config.EosTokenIds,
        Constraint = _constraints.For(command, model),
    };

    private static Rollout[] ToRollouts(IReadOnlyList<Completion> completions, LanguageModel model) =>
        [.. completions.Select(completion => new Rollout
        {
            Index = completion.Index,
            CompletionTokens = completion.Tokens,
            SamplingLogprobs = completion.Logprobs,
            Text = model.Encoder?.Decode(completion.Tokens) ?? "",
            FinishReason = completion.Stopped ? FinishReason.Stop : FinishReason.Length,
        })];
}
