using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>A request in flight: the blocks of its prompt, shared by its completions, and the completions.</summary>
internal sealed class PromptGroupState
{
    private readonly CacheBudget _cache;
    private readonly Action<IReadOnlyList<Completion>> _done;
    private readonly PrefixTree.Node[] _path;
    private int _unfinished;

    public PromptGroupState(CacheBudget cache, SampleRequest request, Action<IReadOnlyList<Completion>> done)
    {
        (_cache, Request, _done, _unfinished) = (cache, request, done, request.Count);
        (_path, PromptBlocks, Computed) = cache.TakePrompt(request);
        Rollouts = new RolloutState[request.Count];
        for (var i = 0; i < request.Count; i++) Rollouts[i] = new RolloutState(this, i, cache);
    }

    public SampleRequest Request { get; }
    /// <summary>Blocks of the prompt's positions in order; the last may be part-filled.</summary>
    public int[] PromptBlocks { get; }
    /// <summary>Positions whose keys and values are there already, computed for an earlier prompt; less than the prompt's length.</summary>
    public int Computed { get; }
    public RolloutState[] Rollouts { get; }
    /// <summary>Positions of the prompt and of a completion at its longest.</summary>
    public int Longest => Request.Prompt.Length + Request.MaxTokens;

    /// <summary>Called when one more completion has ended.</summary>
    public void Finish()
    {
        if (--_unfinished > 0) return;
        _done(Array.ConvertAll(Rollouts, rollout => rollout.ToCompletion()));
        _cache.ReturnPrompt(_path, PromptBlocks);
    }
}

/// <summary>One completion in flight.</summary>
internal sealed class RolloutState(PromptGroupState group, int index, CacheBudget cache)
{
    private readonly List<int> _tokens = new(group.Request.MaxTokens);
    private readonly float[] _logprobs = new float[group.Request.MaxTokens];

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

    public void Append(int token, float logprob)
    {
        _logprobs[_tokens.Count] = logprob;
        _tokens.Add(token);
        Stopped = Group.Request.StopTokens.Contains(token) || Group.Request.StopWhen?.Invoke(_tokens) == true;
        Finished = Stopped || _tokens.Count == Group.Request.MaxTokens;
        if (Finished) cache.ReturnOwn(Blocks.AsSpan(0, BlockCount), Group.Request);
    }

    /// <summary>The block that takes the last token's key and value.</summary>
    public int LastBlock()
    {
        if ((Length - 1) / KeyValueBlocks.Positions == BlockCount) Blocks[BlockCount++] = cache.TakeOwn();
        return Blocks[BlockCount - 1];
    }

    public Completion ToCompletion() => new(index, [.. _tokens], _logprobs[.._tokens.Count], Stopped);
}
