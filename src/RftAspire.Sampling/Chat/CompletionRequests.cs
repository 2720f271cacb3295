using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Constraints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Sampling.Chat;

/// <summary>A request that the model cannot take.</summary>
internal sealed class CompletionException(string requestField, string message, Exception? inner = null) : Exception(message, inner)
{
    public CompletionError Error => new(requestField, Message);
}

/// <summary>From a command to what its model is asked for.</summary>
internal static class CompletionRequests
{
    // A request that does not say how long it may be leaves room for some like it.
    private const int Sharers = 4;

    /// <exception cref="CompletionException">The command asks for what the model does not have.</exception>
    public static SampleRequest Read(CompletePrompt command, LoadedPolicy policy)
    {
        var config = policy.Model.Config;
        var encoder = policy.Model.Encoder ?? throw new CompletionException("model", $"{command.Model} has no tokenizer.json, so it can read no text; add the tokenizer's files to its folder");
        var prompt = Encode(command, encoder);
        var room = config.MaxPositionEmbeddings - prompt.Length;
        if (room < (command.MaxCompletionTokens ?? 1)) throw TooLong(command, config.MaxPositionEmbeddings, prompt.Length);
        return new SampleRequest
        {
            Prompt = prompt,
            Count = command.Choices,
            MaxTokens = command.MaxCompletionTokens ?? room,
            Temperature = command.Temperature,
            TopP = command.TopP,
            Key = RandomKey.FromSeed(command.Seed),
            StopTokens = config.EosTokenIds,
            Constraint = Constraint(command, policy, encoder),
            TopLogprobs = command.TopLogprobs is { } top ? Math.Min(top, config.VocabSize) : null,
        };
    }

    /// <summary>Bounds an answer whose length is left open by the cache as well as by the context.</summary>
    public static SampleRequest Fit(SampleRequest request, DecodingBatch batch, bool isOpen) => isOpen
        ? request with { MaxTokens = Math.Clamp(batch.MostTokens(request.Prompt.Length, request.Count * Sharers), 1, request.MaxTokens) }
        : request;

    private static int[] Encode(CompletePrompt command, PromptEncoder encoder)
    {
        var field = command.Prompt is null ? "messages" : "prompt";
        try
        {
            var ids = command.Prompt is { } prompt ? encoder.EncodeText(prompt) : encoder.Encode([.. command.Messages!.Select(message => (message.Role, message.Content))]);
            return ids.Length > 0 ? ids : throw new CompletionException(field, "comes to no token; write something");
        }
        catch (ChatTemplateException refused)
        {
            throw new CompletionException(field, $"the chat template of {command.Model} does not take them: {refused.Message}", refused);
        }
        catch (TokenizationException refused)
        {
            throw new CompletionException(field, refused.Message, refused);
        }
    }

    private static CompletionException TooLong(CompletePrompt command, int context, int prompt) => new(
        CompletionError.ContextLength,
        FormattableString.Invariant($"{command.Model} reads and writes at most {context} tokens; the prompt has {prompt}")
        + (command.MaxCompletionTokens is { } asked ? FormattableString.Invariant($" and max_completion_tokens asks for {asked} more") : " and leaves no room for an answer")
        + "; shorten the prompt" + (command.MaxCompletionTokens is null ? "" : " or ask for fewer"));

    private static TokenConstraint? Constraint(CompletePrompt command, LoadedPolicy policy, PromptEncoder encoder)
    {
        const string field = "response_format_json";
        if (command.Json is null) return null;
        if (encoder.StopTokens.Count == 0) throw new CompletionException(field, $"{command.Model} has no eos_token_id in its config.json, so it cannot end an answer in JSON");
        try
        {
            return policy.Constraint(command.Json);
        }
        catch (SchemaException refused)
        {
            throw new CompletionException(field, refused.Message, refused);
        }
    }
}
