using System.Text;
using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Sampling.Chat;

/// <summary>
/// From the tokens of one choice to its text. Text leaves as whole characters, and not before it can be no part of a stop text; a
/// scored token leaves with the first character that it has a part in. What leaves with which token follows from the tokens alone.
/// </summary>
internal sealed class ChoiceText(PromptEncoder encoder, string[] stops, bool isScored)
{
    private readonly StreamingDecoder _decoder = new(encoder.Tokenizer);
    private readonly Queue<(int Start, ScoredToken Token)> _scored = [];
    private string _held = "";
    // Characters so far, of which the held ones have not left.
    private int _length;

    /// <summary>Whether a stop text has come.</summary>
    public bool IsStopped { get; private set; }

    public CompletionToken Append(DrawnToken drawn)
    {
        var (token, start) = (drawn.Drawn.Token, _length);
        var text = drawn.Ending == Ending.EndToken || encoder.IsSpecial(token) ? "" : _decoder.Append(token);
        if (drawn.Ending != Ending.None) text += _decoder.Flush();
        (_held, _length) = (_held + text, _length + text.Length);
        if (isScored && drawn.Ending != Ending.EndToken)
            _scored.Enqueue((start, Score(drawn.Drawn, [.. drawn.Top.ToArray().Select(top => Score(top, []))])));
        var stop = FirstStop();
        IsStopped = stop >= 0;
        if (IsStopped) return Release(stop, others: false);
        return drawn.Ending != Ending.None ? Release(_held.Length, others: true) : Release(_held.Length - LongestStart(), others: false);
    }

    /// <param name="count">Characters that leave.</param>
    /// <param name="others">Whether tokens leave that have no part in them.</param>
    private CompletionToken Release(int count, bool others)
    {
        var text = _held[..count];
        _held = _held[count..];
        if (!isScored) return new CompletionToken(text);
        var (left, leaving) = (_length - _held.Length, new List<ScoredToken>());
        while (_scored.TryPeek(out var next) && (others || next.Start < left)) leaving.Add(_scored.Dequeue().Token);
        return new CompletionToken(text, [.. leaving]);
    }

    private int FirstStop()
    {
        var first = -1;
        foreach (var stop in stops)
        {
            var at = _held.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first)) first = at;
        }
        return first;
    }

    /// <summary>Characters at the end that a stop text could begin with.</summary>
    private int LongestStart()
    {
        var longest = 0;
        foreach (var stop in stops)
        {
            for (var count = Math.Min(stop.Length - 1, _held.Length); count > longest; count--)
            {
                if (_held.AsSpan(_held.Length - count).SequenceEqual(stop.AsSpan(0, count))) longest = count;
            }
        }
        return longest;
    }

    private ScoredToken Score(TokenLogprob token, ScoredToken[] top)
    {
        var bytes = encoder.Tokenizer.DecodeBytes([token.Token]);
        return new ScoredToken { Text = Encoding.UTF8.GetString(bytes), Bytes = bytes, Logprob = token.Logprob, Top = top };
    }
}
