using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Sampling;

namespace RftAspire.Sampling.Chat;

/// <summary>
/// What one request has got so far, and how much of it has been told. The decoding thread adds, the pump takes. Everything is kept
/// until the end, so that it can be told again.
/// </summary>
internal sealed class CompletionReply(CompletePrompt command)
{
    // While there is nothing to say, the receiver hears that the request is being worked on.
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(2);
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Choice[] _choices = [];
    private CompletionError? _error;
    private int _promptTokens;
    private long _toldAt = TimeProvider.System.GetTimestamp();

    private sealed class Choice(ChoiceText text)
    {
        public ChoiceText Text => text;
        public List<CompletionToken> Tokens { get; } = [];
        public int Told { get; set; }
        public FinishReason? Finish { get; set; }
    }

    public Uri ReplyTo => command.ReplyTo;

    /// <summary>Ends when the receiver has been told all, or with the failure to tell it.</summary>
    public Task Told => _told.Task;

    private bool IsOver => _error is not null || (_choices.Length > 0 && _choices.All(choice => choice.Finish is not null));

    /// <summary>The prompt has been understood.</summary>
    public void Begin(PromptEncoder encoder, int promptTokens)
    {
        lock (_lock)
        {
            _promptTokens = promptTokens;
            _choices = [.. Enumerable.Range(0, command.Choices).Select(_ => new Choice(new ChoiceText(encoder, command.Stop, command.TopLogprobs is not null)))];
        }
    }

    /// <summary>Takes a token; true when the choice ends with it although the model would go on.</summary>
    public bool Draw(DrawnToken drawn)
    {
        lock (_lock)
        {
            var choice = _choices[drawn.Index];
            choice.Tokens.Add(choice.Text.Append(drawn));
            if (choice.Text.IsStopped || drawn.Ending == Ending.EndToken) choice.Finish = FinishReason.Stop;
            else if (drawn.Ending == Ending.Limit) choice.Finish = FinishReason.Length;
            return choice.Text.IsStopped;
        }
    }

    public void Fail(CompletionError error)
    {
        lock (_lock) _error ??= error;
    }

    /// <summary>Begins to tell from the start: the receiver may have lost something.</summary>
    public void TellAgain()
    {
        lock (_lock)
        {
            foreach (var choice in _choices) choice.Told = 0;
        }
    }

    /// <summary>What is to be told now, and whether that is the last of it; null for nothing.</summary>
    public (CompletionChunk Chunk, bool IsLast)? Take()
    {
        lock (_lock)
        {
            var news = _choices.Index().Where(choice => choice.Item.Told < choice.Item.Tokens.Count).Select(choice => Take(choice.Index, choice.Item)).ToArray();
            var now = TimeProvider.System.GetTimestamp();
            if (news.Length == 0 && !IsOver && TimeProvider.System.GetElapsedTime(_toldAt, now) < s_silence) return null;
            _toldAt = now;
            return (new CompletionChunk { RequestId = command.RequestId, PromptTokens = _promptTokens, Choices = news, Error = _error }, IsOver);
        }
    }

    public void EndTelling(Exception? failure = null)
    {
        if (failure is null) _told.TrySetResult();
        else _told.TrySetException(failure);
    }

    private static ChoiceTokens Take(int index, Choice choice)
    {
        var offset = choice.Told;
        choice.Told = choice.Tokens.Count;
        return new ChoiceTokens { Index = index, Offset = offset, Tokens = [.. choice.Tokens[offset..]], Finish = choice.Finish };
    }
}
