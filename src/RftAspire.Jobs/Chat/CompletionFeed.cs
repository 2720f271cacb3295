using System.Diagnostics;
using System.Threading.Channels;
using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;

namespace RftAspire.Jobs.Chat;

/// <summary>
/// One request's tokens as they come in. News may overtake each other, and a command that was delivered twice is told twice: what
/// leaves here is every token once and in order.
/// </summary>
public sealed class CompletionFeed(int choices)
{
    private readonly Lock _lock = new();
    private readonly Channel<CompletionDelta> _deltas = Channel.CreateUnbounded<CompletionDelta>();
    private readonly Choice[] _choices = [.. Enumerable.Range(0, choices).Select(index => new Choice(index))];
    private int _promptTokens;
    private long _heardAt;

    public ChannelReader<CompletionDelta> Deltas => _deltas.Reader;

    /// <summary>Whether a worker has taken the request.</summary>
    public bool HasBeenHeard => Volatile.Read(ref _heardAt) != 0;

    /// <summary>Whether nothing of use has come for so long although a worker had the request.</summary>
    public bool IsSilent(TimeSpan limit) => HasBeenHeard && Stopwatch.GetElapsedTime(Volatile.Read(ref _heardAt)) >= limit;

    /// <summary>Known when all choices have ended.</summary>
    public CompletionUsage Usage
    {
        get
        {
            lock (_lock) return new CompletionUsage { PromptTokens = _promptTokens, CompletionTokens = _choices.Sum(choice => choice.Count) };
        }
    }

    public void Accept(CompletionChunk chunk)
    {
        lock (_lock)
        {
            _promptTokens = Math.Max(_promptTokens, chunk.PromptTokens);
            foreach (var part in chunk.Choices)
            {
                foreach (var delta in _choices[part.Index].Accept(part)) _deltas.Writer.TryWrite(delta);
            }
            // While something in between is missing, news of what comes later is of no use.
            if (!HasBeenHeard || !_choices.Any(choice => choice.HasGap)) Volatile.Write(ref _heardAt, Stopwatch.GetTimestamp());
            if (chunk.Error is { } error) _deltas.Writer.TryComplete(ToFault(error));
            else if (_choices.All(choice => choice.HasEnded)) _deltas.Writer.TryComplete();
        }
    }

    private static RpcException ToFault(CompletionError error) =>
        error.Field.Length > 0 ? InvalidRequest.Of(error.Field, error.Message) : Faults.Unavailable(error.Message);

    private sealed class Choice(int index)
    {
        private readonly List<ChoiceTokens> _early = [];

        public int Count { get; private set; }
        public bool HasEnded { get; private set; }
        public bool HasGap => _early.Count > 0;

        public IEnumerable<CompletionDelta> Accept(ChoiceTokens part)
        {
            _early.Add(part);
            while (!HasEnded && _early.Find(early => early.Offset <= Count) is { } next)
            {
                _early.Remove(next);
                if (Take(next) is { } delta) yield return delta;
            }
            if (HasEnded) _early.Clear();
        }

        private CompletionDelta? Take(ChoiceTokens part)
        {
            var tokens = part.Tokens.Skip(Count - part.Offset).ToList();
            Count += tokens.Count;
            HasEnded = part.Finish is not null;
            var delta = new CompletionDelta
            {
                Index = index,
                Text = string.Concat(tokens.Select(token => token.Text)),
                Tokens = { tokens.SelectMany(token => token.Scored ?? []).Select(ToMessage) },
                FinishReason = part.Finish switch { null => "", FinishReason.Stop => "stop", _ => "length" },
            };
            return delta is { Text.Length: 0, Tokens.Count: 0, FinishReason.Length: 0 } ? null : delta;
        }

        private static TokenLogprob ToMessage(ScoredToken token) => new()
        {
            Token = token.Text,
            Bytes = Google.Protobuf.ByteString.CopyFrom(token.Bytes),
            Logprob = token.Logprob,
            Top = { token.Top.Select(ToMessage) },
        };
    }
}
