using RftAspire.Engine.Constraints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>A request in flight: the blocks of its prompt, shared by its completions, and the completions.</summary>
internal sealed class PromptGroupState
{
    private readonly CacheBudget _cache;
    private readonly BatchEntry _entry;
    private readonly PrefixTree.Node[] _path;
    private int _unfinished;

    public PromptGroupState(CacheBudget cache, BatchEntry entry)
    {
        (_cache, _entry, _unfinished) = (cache, entry, entry.Request.Count);
        (_path, PromptBlocks, Computed) = cache.TakePrompt(Request);
        Rollouts = new RolloutState[Request.Count];
        for (var i = 0; i < Request.Count; i++) Rollouts[i] = new RolloutState(this, i, cache);
    }

    public SampleRequest Request => _entry.Request;
    /// <summary>Blocks of the prompt's positions in order; the last may be part-filled.</summary>
    public int[] PromptBlocks { get; }
    /// <summary>Positions whose keys and values are there already, computed for an earlier prompt; less than the prompt's length.</summary>
    public int Computed { get; }
    public RolloutState[] Rollouts { get; }
    public bool IsCancelled => _entry.Cancellation.IsCancellationRequested;
    /// <summary>Told each token; true ends its completion.</summary>
    public Func<DrawnToken, bool>? Drawn => _entry.Drawn;
    /// <summary>Positions of the prompt and of a completion at its longest.</summary>
    public int Longest => Request.Prompt.Length + Request.MaxTokens;

    /// <summary>Called when one more completion has ended.</summary>
    public void Finish()
    {
        if (--_unfinished > 0) return;
        _entry.Done(Array.ConvertAll(Rollouts, rollout => rollout.ToCompletion()));
        _cache.ReturnPrompt(_path, PromptBlocks);
    }

    /// <summary>Ends the group without completions.</summary>
    public void Fail(SchemaException error)
    {
        Leave();
        _entry.Failed!(error);
    }

    /// <summary>Gives back what the group has.</summary>
    public void Leave()
    {
        foreach (var rollout in Rollouts.Where(rollout => !rollout.Finished)) rollout.End();
        _cache.ReturnPrompt(_path, PromptBlocks);
    }
}

/// <summary>One completion in flight.</summary>
internal sealed class RolloutState(PromptGroupState group, int index, CacheBudget cache)
{
    private readonly List<int> _tokens = new(group.Request.MaxTokens);
    private readonly float[] _logprobs = new float[group.Request.MaxTokens];
    private readonly TokenLogprob[] _top = group.Request.TopLogprobs is { } count ? new TokenLogprob[count] : [];
    private float _reported;
    private ConstraintState? _text = group.Request.Constraint?.Start;

    public PromptGroupState Group { get; } = group;
    public RandomKey Key { get; } = group.Request.Key.Derive(index);
    /// <summary>Blocks of the completion's own positions; the first <see cref="BlockCount"/> are taken.</summary>
    public int[] Blocks { get; } = new int[CacheBudget.OwnBlocks(group.Request)];
    public int BlockCount { get; private set; }
    public int LastToken => _tokens[^1];
    public int Length => _tokens.Count;
    /// <summary>Position of the last token.</summary>
    public int Position => Group.Request.Prompt.Length + Length - 1;
    public bool Stopped { get; private set; }
    public bool Finished { get; private set; }

    /// <summary>The tokens that may come next, as <see cref="TokenConstraint.Mask"/> has them; empty when all may.</summary>
    /// <exception cref="SchemaException">The constraint gives up.</exception>
    public ReadOnlySpan<uint> Mask => _text is null ? default : Group.Request.Constraint!.Mask(_text);

    /// <exception cref="SchemaException">The constraint gives up; nothing was appended.</exception>
    public void Append(int token, float logprob)
    {
        var request = Group.Request;
        if (_text is not null) _text = request.Constraint!.Advance(_text, token);
        _logprobs[_tokens.Count] = logprob;
        _tokens.Add(token);
        Stopped = request.StopTokens.Contains(token) || request.Constraint?.IsEnd(token) == true || request.StopWhen?.Invoke(_tokens) == true;
        var ending = Stopped ? Ending.EndToken : _tokens.Count == request.MaxTokens ? Ending.Limit : Ending.None;
        if (Group.Drawn?.Invoke(new DrawnToken(index, new TokenLogprob(token, _reported), _top, ending)) == true) Stopped = true;
        if (Stopped || ending != Ending.None) End();
    }

    /// <summary>Notes what is told of the token that is appended next.</summary>
    public void Report(TokenDistribution distribution, int token)
    {
        _reported = distribution.Logprob(token);
        if (_top.Length > 0) distribution.Likeliest(_top);
    }

    public void End()
    {
        Finished = true;
        cache.ReturnOwn(Blocks.AsSpan(0, BlockCount), Group.Request);
    }

    /// <summary>The block that takes the last token's key and value.</summary>
    public int LastBlock()
    {
        if ((Length - 1) / KeyValueBlocks.Positions == BlockCount) Blocks[BlockCount++] = cache.TakeOwn();
        return Blocks[BlockCount - 1];
    }

    public Completion ToCompletion() => new(index, [.. _tokens], _logprobs[.._tokens.Count], Stopped);
}
