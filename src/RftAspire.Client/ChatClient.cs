using System.Text;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Client;

/// <summary>One choice of an answer.</summary>
/// <param name="Text">What the model wrote, without the stop text that ended it.</param>
/// <param name="FinishReason">stop or length.</param>
/// <param name="Tokens">The tokens drawn, where their log-probabilities were asked for.</param>
public sealed record ChatChoice(string Text, string FinishReason, IReadOnlyList<TokenLogprob> Tokens);

/// <summary>A whole answer.</summary>
public sealed record ChatAnswer(IReadOnlyList<ChatChoice> Choices, CompletionUsage Usage)
{
    /// <summary>The first choice's text.</summary>
    public string Text => Choices[0].Text;
}

/// <summary>Answers of models.</summary>
public sealed class ChatClient
{
    private readonly ChatService.ChatServiceClient _chat;
    private readonly CallPolicy _policy;

    internal ChatClient(ChatService.ChatServiceClient chat, CallPolicy policy) => (_chat, _policy) = (chat, policy);

    /// <summary>The answer piece by piece, choices interleaved; the last piece is the usage.</summary>
    /// <exception cref="InvalidRequestException">A field is wrong, or the conversation is longer than the model's context.</exception>
    /// <exception cref="NotFoundException">There is no such model.</exception>
    public IAsyncEnumerable<CompleteResponse> StreamAsync(CompleteRequest request, CancellationToken cancellationToken = default) =>
        _policy.StreamAsync(options => _chat.Complete(request, options), _policy.Options.WorkTimeout, cancellationToken);

    /// <summary>The whole answer to one user message.</summary>
    public Task<ChatAnswer> AskAsync(string model, string message, CancellationToken cancellationToken = default) =>
        CompleteAsync(new CompleteRequest { Model = model, Messages = { new ChatMessage { Role = "user", Content = message } } }, cancellationToken);

    /// <summary>The whole answer.</summary>
    public async Task<ChatAnswer> CompleteAsync(CompleteRequest request, CancellationToken cancellationToken = default)
    {
        var choices = new SortedDictionary<int, (StringBuilder Text, List<TokenLogprob> Tokens, string Finish)>();
        var usage = new CompletionUsage();
        await foreach (var part in StreamAsync(request, cancellationToken))
        {
            if (part.Usage is not null) usage = part.Usage;
            if (part.Delta is not { } delta) continue;
            var (text, tokens, finish) = choices.GetValueOrDefault(delta.Index, (new StringBuilder(), [], ""));
            text.Append(delta.Text);
            tokens.AddRange(delta.Tokens);
            choices[delta.Index] = (text, tokens, delta.FinishReason.Length > 0 ? delta.FinishReason : finish);
        }
        return new ChatAnswer([.. choices.Values.Select(choice => new ChatChoice(choice.Text.ToString(), choice.Finish, choice.Tokens))], usage);
    }
}
