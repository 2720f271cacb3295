using System.Text;
using System.Text.Json.Serialization;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.OpenAi;

/// <summary>An answer, or a part of one, as chat completions have it.</summary>
internal sealed record ChatAnswer<TChoice>(string Id, string Object, long Created, string Model, IReadOnlyList<TChoice> Choices)
{
    /// <summary>Of a stream, in its last part alone, and only where it is asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public UsageBody? Usage { get; init; }
}

internal sealed record ChatChoice(int Index, ChatMessageBody Message, LogprobsBody? Logprobs, string FinishReason);

internal sealed record ChatPart(int Index, DeltaBody Delta, LogprobsBody? Logprobs, string? FinishReason);

internal sealed record ChatMessageBody(string Role, string Content, string? Refusal = null);

internal sealed record DeltaBody
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }
}

internal sealed record LogprobsBody(IReadOnlyList<LogprobBody> Content, IReadOnlyList<LogprobBody>? Refusal = null);

internal sealed record LogprobBody(string Token, double Logprob, int[] Bytes)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LogprobBody>? TopLogprobs { get; init; }
}

internal sealed record UsageBody(int PromptTokens, int CompletionTokens, int TotalTokens, TokenDetails CompletionTokensDetails)
{
    public static UsageBody Of(params IReadOnlyCollection<CompletionUsage> usages)
    {
        var (prompt, completion) = (usages.Sum(usage => usage.PromptTokens), usages.Sum(usage => usage.CompletionTokens));
        return new UsageBody(prompt, completion, prompt + completion, new TokenDetails(0));
    }
}

internal sealed record TokenDetails(int ReasoningTokens);

/// <summary>Puts the answers of POST /v1/chat/completions together.</summary>
internal static class ChatAnswers
{
    public static string NewId(string prefix) => prefix + Guid.NewGuid().ToString("N");

    public static ChatChoice ToChoice(GatheredChoice choice, bool hasLogprobs) =>
        new(choice.Index, new ChatMessageBody("assistant", choice.Text.ToString()), hasLogprobs ? Logprobs(choice.Tokens) : null, choice.FinishReason);

    /// <summary>The parts that one delta comes to: its text, then its end.</summary>
    public static IEnumerable<ChatPart> ToParts(CompletionDelta delta, bool hasLogprobs)
    {
        if (delta.Text.Length > 0 || delta.Tokens.Count > 0)
            yield return new ChatPart(delta.Index, new DeltaBody { Content = delta.Text }, hasLogprobs ? Logprobs(delta.Tokens) : null, null);
        if (delta.FinishReason.Length > 0) yield return new ChatPart(delta.Index, new DeltaBody(), null, delta.FinishReason);
    }

    private static LogprobsBody Logprobs(IReadOnlyList<TokenLogprob> tokens) => new([.. tokens.Select(token => Logprob(token) with { TopLogprobs = [.. token.Top.Select(Logprob)] })]);

    private static LogprobBody Logprob(TokenLogprob token) => new(token.Token, token.Logprob, [.. token.Bytes.Select(value => (int)value)]);
}

/// <summary>One choice, put together.</summary>
internal sealed class GatheredChoice(int index)
{
    public int Index => index;
    public StringBuilder Text { get; } = new();
    public List<TokenLogprob> Tokens { get; } = [];
    public string FinishReason { get; set; } = "";
}

/// <summary>The choices of a request in order, put together as they come in, and its usage.</summary>
internal sealed class GatheredAnswer
{
    private readonly SortedDictionary<int, GatheredChoice> _choices = [];

    public IReadOnlyCollection<GatheredChoice> Choices => _choices.Values;
    public CompletionUsage Usage { get; private set; } = new();

    public void Add(CompleteResponse response)
    {
        if (response.Usage is not null) Usage = response.Usage;
        if (response.Delta is not { } delta) return;
        if (!_choices.TryGetValue(delta.Index, out var choice)) _choices[delta.Index] = choice = new GatheredChoice(delta.Index);
        choice.Text.Append(delta.Text);
        choice.Tokens.AddRange(delta.Tokens);
        choice.FinishReason = delta.FinishReason;
    }
}
