using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Constraints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>Draw <see cref="Count"/> completions of one prompt.</summary>
public sealed record SampleRequest
{
    public required int[] Prompt { get; init; }
    public int Count { get; init; } = 1;
    public required int MaxTokens { get; init; }
    /// <summary>0 takes the likeliest token (the lowest id among equals).</summary>
    public double Temperature { get; init; } = 1;
    /// <summary>Keep the smallest set of likeliest tokens whose probabilities reach this sum; 1 keeps all.</summary>
    public double TopP { get; init; } = 1;
    /// <summary>Keep the k likeliest tokens; 0 keeps all.</summary>
    public int TopK { get; init; }
    /// <summary>Rollout i draws its token at position p with the number (Key.Derive(i), p).</summary>
    public RandomKey Key { get; init; } = RandomKey.FromSeed(0);
    /// <summary>Ids that end a completion; the ending id is part of it.</summary>
    public IReadOnlyCollection<int> StopTokens { get; init; } = [];
    /// <summary>Looked at after each token: true ends the completion.</summary>
    public Func<IReadOnlyList<int>, bool>? StopWhen { get; init; }

    /// <summary>
    /// What the text must be; null leaves it free. Of what it allows, <see cref="TopK"/> and <see cref="TopP"/> keep the likeliest. Its end
    /// tokens end a completion like <see cref="StopTokens"/>; one that is cut at <see cref="MaxTokens"/> is the beginning of a valid text.
    /// </summary>
    public TokenConstraint? Constraint { get; init; }

    /// <summary>
    /// Tells with each token its log-probability at temperature 1, over the whole vocabulary, and those of so many of the likeliest; null tells none.
    /// </summary>
    public int? TopLogprobs { get; init; }

    /// <summary>Refuses what the model cannot sample.</summary>
    /// <exception cref="ArgumentException">The request does not fit the model.</exception>
    public void Check(ModelConfig config)
    {
        if (Prompt.Length == 0) throw new ArgumentException("the prompt has no tokens");
        if (Count < 1 || MaxTokens < 1) throw new ArgumentException($"count {Count} and max tokens {MaxTokens} must be at least 1");
        if (!(Temperature >= 0)) throw new ArgumentException($"temperature {Temperature} must be 0 or more");
        if (Prompt.Length + MaxTokens > config.MaxPositionEmbeddings)
            throw new ArgumentException($"a prompt of {Prompt.Length} tokens and {MaxTokens} new ones exceed the model's context of {config.MaxPositionEmbeddings}");
        if (Constraint is { } constraint && constraint.VocabularySize != config.VocabSize)
            throw new ArgumentException($"the constraint is for {constraint.VocabularySize} tokens, the model has {config.VocabSize}: make it with the model's vocabulary size");
        if (TopLogprobs < 0 || TopLogprobs > config.VocabSize) throw new ArgumentException($"top logprobs {TopLogprobs} must be from 0 to the vocabulary of {config.VocabSize}");
        if (Prompt.Any(token => (uint)token >= config.VocabSize))
            throw new ArgumentException($"token {Prompt.First(token => (uint)token >= config.VocabSize)} is outside the model's vocabulary of {config.VocabSize}");
    }
}

/// <summary>A token and the natural logarithm of its probability.</summary>
public readonly record struct TokenLogprob(int Token, float Logprob);

/// <summary>A token that has just been added to a completion.</summary>
/// <param name="Index">The completion's place among the request's.</param>
/// <param name="Drawn">The token; its log-probability is 0 unless <see cref="SampleRequest.TopLogprobs"/> asks for it.</param>
/// <param name="Top">The likeliest tokens, the lower id first among equals; to be read before the next token is drawn.</param>
/// <param name="Ending">What ends the completion here: an end token or the limit, or neither.</param>
public readonly record struct DrawnToken(int Index, TokenLogprob Drawn, ReadOnlyMemory<TokenLogprob> Top, Ending Ending);

/// <summary>Why a completion goes no further.</summary>
public enum Ending
{
    None,
    EndToken,
    Limit,
}

/// <summary>One sampled completion.</summary>
/// <param name="Index">Place among the request's completions.</param>
/// <param name="Tokens">Sampled ids, the stop token included.</param>
/// <param name="Logprobs">
/// log p of each token over the whole vocabulary, at the request's temperature (at 1 when it is 0): top-k, top-p and a constraint
/// narrow the draw, not this number. The learner recomputes it from the weights alone, to the last bit.
/// </param>
/// <param name="Stopped">False when the token limit ended it.</param>
public sealed record Completion(int Index, int[] Tokens, float[] Logprobs, bool Stopped);
