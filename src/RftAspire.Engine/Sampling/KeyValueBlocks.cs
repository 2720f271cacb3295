using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>
/// The sampler's memory for keys and values: blocks of 32 positions in every layer, taken and returned one by one (Kwon et al.,
/// 2023), never more bytes than the budget. Memory comes in slabs as it is first needed.
/// </summary>
internal sealed unsafe class KeyValueBlocks : IDisposable
{
    /// <summary>Positions of a block: a strip of the matrix kernel, so that scores are whole strips.</summary>
    public const int Positions = MatrixKernel.StripColumns;
    private const int SlabBytes = 16 << 20;
    private readonly List<NativeBuffer> _slabs = [];
    private readonly Stack<int> _returned = [];
    private readonly int _blocksOfSlab;
    private readonly long _blockFloats;
    private readonly int _headFloats;
    private readonly int _kvHeads;
    private int _taken;

    /// <param name="config">The model.</param>
    /// <param name="budget">Bytes at most.</param>
    /// <exception cref="ArgumentOutOfRangeException">The budget is negative.</exception>
    public KeyValueBlocks(ModelConfig config, long budget)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(budget);
        _kvHeads = config.KvHeads;
        _headFloats = config.HeadDim * Positions;
        _blockFloats = 2L * config.Layers * _kvHeads * _headFloats;
        Capacity = (int)Math.Min(int.MaxValue, budget / BlockBytes);
        _blocksOfSlab = (int)Math.Clamp(SlabBytes / BlockBytes, 1, Math.Max(1, Capacity));
    }

    /// <summary>Bytes of one block: 2 (key, value) * layers * kvHeads * headDim * 32 positions * 4.</summary>
    public long BlockBytes => _blockFloats * sizeof(float);
    /// <summary>Blocks that the budget allows.</summary>
    public int Capacity { get; }
    public int Free => Capacity - _taken + _returned.Count;
    /// <summary>Bytes asked of the system so far.</summary>
    public long Bytes => _slabs.Sum(slab => slab.Length) * sizeof(float);

    public static int Count(int positions) => (positions + Positions - 1) / Positions;

    public int Take()
    {
        if (_returned.TryPop(out var block)) return block;
        if (_taken == Capacity) throw new InvalidOperationException("every block is taken");
        if (_taken == _slabs.Count * _blocksOfSlab) _slabs.Add(new NativeBuffer(Math.Min(_blocksOfSlab, Capacity - _taken) * _blockFloats));
        return _taken++;
    }

    public void Return(int block) => _returned.Push(block);

    /// <summary>Keys of a block in one layer and head, transposed: element d of position p at [d * 32 + p].</summary>
    public float* Keys(int block, int layer, int kvHead) =>
        _slabs[block / _blocksOfSlab].Start + block % _blocksOfSlab * _blockFloats + 2L * (layer * _kvHeads + kvHead) * _headFloats;

    /// <summary>Values of a block in one layer and head: element d of position p at [p * headDim + d].</summary>
    public float* Values(int block, int layer, int kvHead) => Keys(block, layer, kvHead) + _headFloats;

    public void Dispose()
    {
        foreach (var slab in _slabs) slab.Dispose();
    }
}
