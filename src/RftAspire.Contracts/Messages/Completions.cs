namespace RftAspire.Contracts.Messages;

/// <summary>
/// Command from Jobs to one Sampling worker: answer a prompt, and say each token to whoever waits. What is drawn is a function of
/// weights, seed, choice and position, so a redelivery says the same tokens again and the receiver drops what it knows.
/// </summary>
public sealed record CompletePrompt
{
    public required string RequestId { get; init; }
    /// <summary>The model's name, for what is said of it.</summary>
    public required string Model { get; init; }
    /// <summary>The model's weights; an empty digest takes whatever the folder holds, as of a base model.</summary>
    public required WeightsReference Weights { get; init; }
    /// <summary>A conversation for the model's chat template; null where <see cref="Prompt"/> is given.</summary>
    public PromptMessage[]? Messages { get; init; }
    /// <summary>The prompt as it stands.</summary>
    public string? Prompt { get; init; }
    public required int Choices { get; init; }
    /// <summary>Null for what context and cache leave.</summary>
    public int? MaxCompletionTokens { get; init; }
    public required double Temperature { get; init; }
    public required double TopP { get; init; }
    /// <summary>Texts that end a choice and are no part of it.</summary>
    public string[] Stop { get; init; } = [];
    /// <summary>Choice i draws its token at position p with the number (seed, i, p).</summary>
    public required long Seed { get; init; }
    /// <summary>How many of the likeliest tokens are told at each place; null tells no log-probabilities at all.</summary>
    public int? TopLogprobs { get; init; }
    /// <summary>Null for free text.</summary>
    public JsonAnswer? Json { get; init; }
    /// <summary>Nobody waits from then on.</summary>
    public required DateTimeOffset Deadline { get; init; }
    /// <summary>Queue of the process that waits; it is gone with it.</summary>
    public required Uri ReplyTo { get; init; }
}

/// <summary>The answer must be JSON.</summary>
/// <param name="SchemaJson">JSON Schema that it must be valid against; null for any object.</param>
public sealed record JsonAnswer(string? SchemaJson);

/// <summary>Event from Jobs to every Sampling worker: whoever waited for the request has gone.</summary>
public sealed record CancelCompletion(string RequestId);

/// <summary>From a Sampling worker to one Jobs process: what its requests have got since the last time, every few milliseconds.</summary>
public sealed record CompletionNews(CompletionChunk[] Chunks);

/// <summary>What one request has got; without choices and error a sign that it is still being worked on.</summary>
public sealed record CompletionChunk
{
    public required string RequestId { get; init; }
    public required int PromptTokens { get; init; }
    public ChoiceTokens[] Choices { get; init; } = [];
    /// <summary>Set where the request can have no answer.</summary>
    public CompletionError? Error { get; init; }
}

/// <summary>Consecutive tokens of one choice.</summary>
public sealed record ChoiceTokens
{
    public required int Index { get; init; }
    /// <summary>Tokens of the choice before these: by it a receiver knows what it has had already.</summary>
    public required int Offset { get; init; }
    public required CompletionToken[] Tokens { get; init; }
    /// <summary>Set with the last token.</summary>
    public FinishReason? Finish { get; init; }
}

/// <summary>What one drawn token sets free.</summary>
/// <param name="Text">Whole characters that can be no part of a stop text any more; often empty.</param>
/// <param name="Scored">The tokens that this text begins with or in, where they are asked for.</param>
public sealed record CompletionToken(string Text, ScoredToken[]? Scored = null);

/// <summary>A token with its log-probability at temperature 1, over the whole vocabulary.</summary>
public sealed record ScoredToken
{
    /// <summary>The token by itself; bytes that are no whole character are U+FFFD.</summary>
    public required string Text { get; init; }
    public required byte[] Bytes { get; init; }
    public required float Logprob { get; init; }
    /// <summary>The likeliest at this place, the lower id first among equals.</summary>
    public ScoredToken[] Top { get; init; } = [];
}

/// <summary>Why there is no answer.</summary>
/// <param name="Field">The request's field at fault, as in chat.proto; empty where the platform failed.</param>
/// <param name="Message">The cause and the fix.</param>
public sealed record CompletionError(string Field, string Message)
{
    /// <summary>The field of a prompt that leaves no room in the model's context.</summary>
    public const string ContextLength = "context_length";
}
