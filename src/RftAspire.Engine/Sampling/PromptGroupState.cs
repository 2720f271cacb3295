using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>A request in flight: the prompt's cache, shared by its completions, and the completions.</summary>
internal sealed class PromptGroupState : IDisposable
{
    private readonly Action<IReadOnlyList<Completion>> _done;
    private int _unfinished;

    public PromptGroupState(ModelConfig config, SampleRequest request, Action<IReadOnlyList<Completion>> done)
    {
        Request = request;
        _done = done;
        _unfinished = request.Count;
        PromptCache = new KeyValueCache(config, request.Prompt.Length);
        Rollouts = new RolloutState[request.Count];
        for (var i = 0; i < request.Count; i++) Rollouts[i] = new RolloutState(this, i, new KeyValueCache(config, request.MaxTokens));
    }

    public SampleRequest Request { get; }
    public KeyValueCache PromptCache { get; }
    public RolloutState[] Rollouts { get; }

    public void Finish()
    {
        if (--_unfinished > 0) return;
        _done(Array.ConvertAll(Rollouts, rollout => rollout.ToCompletion()));
        Dispose();
    }

    public void Dispose()
    {
        PromptCache.Dispose();
        foreach (var rollout in Rollouts) rollout.Cache.Dispose();
    }
}

/// <summary>One completion in flight.</summary>
internal sealed class RolloutState(PromptGroupState group, int index, KeyValueCache cache)
{
    private readonly List<int> _tokens = [];
    private readonly List<float> _logprobs = [];

    public PromptGroupState Group { get; } = group;
    public KeyValueCache Cache { get; } = cache;
    public RandomKey Key { get; } = group.Request.Key.Derive(index);
    public int LastToken => _tokens[^1];
    public int Length => _tokens.Count;
    public bool Stopped { get; private set; }
    public bool Finished { get; private set; }

    public void Append(int token, float logprob)
    {
        _tokens.Add(token);
        _logprobs.Add(logprob);
        Stopped = Group.Request.StopTokens.Contains(token) || Group.Request.StopWhen?.Invoke(_tokens) == true;
        Finished = Stopped || _tokens.Count == Group.Request.MaxTokens;
    }

    public Completion ToCompletion() => new(index, [.. _tokens], [.. _logprobs], Stopped);
}
