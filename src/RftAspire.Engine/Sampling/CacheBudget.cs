using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;

namespace RftAspire.Engine.Sampling;

/// <summary>
/// Who may have which blocks. A request is let in only when the blocks for its longest possible completions can be promised, so
/// that nothing in flight ever has to be thrown out.
/// </summary>
internal sealed class CacheBudget : IDisposable
{
    private readonly PrefixTree _tree;
    private readonly long _budget;
    private int _promised;

    public CacheBudget(ModelConfig config, Precision precision, long budget)
    {
        _budget = budget;
        Blocks = new KeyValueBlocks(config, precision, budget);
        _tree = new PrefixTree(Blocks);
    }

    public KeyValueBlocks Blocks { get; }

    /// <summary>Blocks of one completion at its longest; the last token is drawn but never attended to.</summary>
    public static int OwnBlocks(SampleRequest request) => KeyValueBlocks.Count(request.MaxTokens - 1);

    /// <summary>The longest completions for which <see cref="Check"/> lets so many of a prompt pass.</summary>
    public int MostTokens(int promptTokens, int count)
    {
        var own = (Blocks.Capacity - (long)KeyValueBlocks.Count(promptTokens)) / count;
        return own < 0 ? 0 : (int)Math.Min(int.MaxValue, own * KeyValueBlocks.Positions + 1);
    }

    /// <summary>Refuses what could never be promised.</summary>
    /// <exception cref="ArgumentException">The request alone is over the budget.</exception>
    public void Check(SampleRequest request)
    {
        var needed = KeyValueBlocks.Count(request.Prompt.Length) + (long)request.Count * OwnBlocks(request);
        if (needed <= Blocks.Capacity) return;
        throw new ArgumentException(FormattableString.Invariant(
            $"{request.Count} completions of up to {request.MaxTokens} tokens of a prompt of {request.Prompt.Length} need {(needed * Blocks.BlockBytes + (1 << 20) - 1) >> 20} MiB for keys and values; the cache has {_budget >> 20} MiB: ask for fewer or shorter completions, or give the cache more"));
    }

    /// <summary>Whether the request's blocks can be promised now.</summary>
    public bool Fits(SampleRequest request)
    {
        var (found, unused) = _tree.Find(request.Prompt);
        var needed = KeyValueBlocks.Count(request.Prompt.Length) - found + request.Count * OwnBlocks(request);
        return needed <= Blocks.Free + _tree.Unused - unused - _promised;
    }

    /// <summary>The prompt's blocks, and how many of its positions need not be computed again.</summary>
    public (PrefixTree.Node[] Path, int[] Blocks, int Computed) TakePrompt(SampleRequest request)
    {
        var length = request.Prompt.Length;
        // The last position is always computed: its logits give the first token.
        var computed = Math.Min(_tree.Find(request.Prompt).Found * KeyValueBlocks.Positions, length - 1);
        var path = _tree.Acquire(request.Prompt, Take);
        var blocks = new int[KeyValueBlocks.Count(length)];
        for (var i = 0; i < blocks.Length; i++) blocks[i] = i < path.Length ? path[i].Block : Take();
        _promised += request.Count * OwnBlocks(request);
        return (path, blocks, computed);
    }

    public void ReturnPrompt(PrefixTree.Node[] path, int[] blocks)
    {
        for (var i = path.Length; i < blocks.Length; i++) Blocks.Return(blocks[i]);
        _tree.Release(path);
    }

    public int TakeOwn()
    {
        _promised--;
        return Take();
    }

    /// <summary>Takes back what a finished completion has, and the promise of what it did not need.</summary>
    public void ReturnOwn(ReadOnlySpan<int> blocks, SampleRequest request)
    {
        _promised -= OwnBlocks(request) - blocks.Length;
        foreach (var block in blocks) Blocks.Return(block);
    }

    public void Dispose() => Blocks.Dispose();

    private int Take()
    {
        if (Blocks.Free == 0) _tree.Evict();
        return Blocks.Take();
    }
}
