using RftAspire.Engine.Sampling;

namespace RftAspire.Sampling;

/// <summary>
/// The prompt groups, or the chats, of one model: a batch that they join at any time in the order of their arrival, and leave when
/// their last completion ends. What they get does not depend on who shares the batch. The decoding thread's alone.
/// </summary>
internal sealed class DecodingLane : IDisposable
{
    // Prompt tokens that join in one step while others wait for theirs: what the engine processes at once.
    private const int PromptTokensAtOnce = 1024;
    private readonly PolicyLease _lease;
    private readonly DecodingBatch _batch;
    private readonly List<DecodingWork> _waiting = [];
    private readonly List<DecodingWork> _decoding = [];
    private readonly int _maxRows;
    private bool _mayAdmit;
    private readonly KeyValuePair<string, object?> _kind;
    private int _active;
    private long _counted;

    public DecodingLane(PolicyLease lease, bool isChat, SamplingOptions options)
    {
        (_lease, IsChat) = (lease.Again(), isChat);
        _kind = new("kind", IsChat ? "chat" : "group");
        _maxRows = IsChat ? options.ChatRows : options.MaxRows;
        _batch = _lease.Policy.Model.OpenBatch((long)(IsChat ? options.ChatCacheMiB : options.CacheMiB) << 20);
    }

    public bool IsChat { get; }
    public LoadedPolicy Policy => _lease.Policy;
    public bool HasWork => _waiting.Count > 0 || _batch.Active > 0;

    public void Add(DecodingWork work)
    {
        if (!work.TryEnter(_batch)) return;
        _waiting.Add(work);
        _mayAdmit = true;
    }

    /// <summary>One token for each completion.</summary>
    /// <param name="othersWait">Whether another lane has work: a long row of prompts then joins in several steps.</param>
    public void Step(bool othersWait)
    {
        _waiting.RemoveAll(work => work.Entry.Cancellation.IsCancellationRequested);
        // Who did not fit has no better chance before a completion ends.
        if (_mayAdmit || _batch.Active < _active || _batch.Active == 0) Admit(othersWait);
        _active = _batch.Active;
        _batch.Step();
        SamplingMetrics.Tokens.Add(_batch.TokensSampled - _counted, _kind);
        _counted = _batch.TokensSampled;
    }

    public void Fail(Exception error)
    {
        foreach (var work in _waiting.Concat(_decoding.Where(work => !work.HasEnded))) work.Fail(error);
        _waiting.Clear();
        _decoding.Clear();
    }

    public void Dispose()
    {
        _batch.Dispose();
        _lease.Dispose();
    }

    private void Admit(bool othersWait)
    {
        _decoding.RemoveAll(work => work.HasEnded || work.Entry.Cancellation.IsCancellationRequested);
        var (next, rows, tokens) = (0, _batch.Active, 0);
        _mayAdmit = false;
        for (; next < _waiting.Count; next++)
        {
            var request = _waiting[next].Entry.Request;
            if (rows > 0 && rows + request.Count > _maxRows) break;
            if (_mayAdmit = othersWait && tokens > 0 && tokens + request.Prompt.Length > PromptTokensAtOnce) break;
            rows += request.Count;
            tokens += request.Prompt.Length;
        }
        if (next == 0) return;
        // A failure while they are processed is theirs too.
        var joining = _waiting[..next];
        _waiting.RemoveRange(0, next);
        _decoding.AddRange(joining);
        joining.ForEach(work => work.Admitted?.Invoke());
        var admitted = _batch.Admit([.. joining.Select(work => work.Entry)]);
        _decoding.RemoveAll(joining[admitted..].Contains);
        _waiting.InsertRange(0, joining[admitted..]);
    }
}
