using RftAspire.Contracts.Judge.V1;
using RftAspire.Judge.Prompts;

namespace RftAspire.Judge;

/// <summary>A model that can be asked: behind an endpoint, or one of ours.</summary>
internal interface IJudgeBackend
{
    /// <summary>The name that graders use.</summary>
    string Model { get; }

    /// <summary>What stands behind the name: judgements of one are not those of another.</summary>
    string Identity { get; }

    /// <param name="prompt">What to answer.</param>
    /// <param name="sampling">How.</param>
    /// <param name="draw">The root of the draw's random numbers, and which vote it is.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="JudgeException">There is no answer.</exception>
    Task<Answer> AskAsync(Prompt prompt, SamplingParams sampling, (string Digest, int Vote) draw, CancellationToken cancellation);
}

/// <summary>What a model wrote.</summary>
internal sealed record Answer(string Text, Ending Ending, TokenUse Usage);

internal enum Ending
{
    Complete,
    /// <summary>At the limit of tokens.</summary>
    Truncated,
    Refused,
}

/// <param name="PromptTokens">Tokens read.</param>
/// <param name="CompletionTokens">Tokens written, reasoning among them.</param>
/// <param name="CachedTokens">Of those read, found in the endpoint's cache.</param>
internal readonly record struct TokenUse(long PromptTokens, long CompletionTokens, long CachedTokens);
