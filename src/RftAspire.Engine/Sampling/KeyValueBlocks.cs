using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
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

    private readonly int _headDim;
    private readonly Precision _precision;

    /// <param name="config">The model.</param>
    /// <param name="precision">How products are computed; with bf16 ones, keys and values are bf16 numbers and stored as such.</param>
    /// <param name="budget">Bytes at most.</param>
    /// <exception cref="ArgumentOutOfRangeException">The budget is negative.</exception>
    public KeyValueBlocks(ModelConfig config, Precision precision, long budget)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(budget);
        (_kvHeads, _headDim, _precision) = (config.KvHeads, config.HeadDim, precision);
        _headFloats = precision == Precision.BF16 ? _headDim * Positions / 2 : _headDim * Positions;
        _blockFloats = 2L * config.Layers * _kvHeads * _headFloats;
        Capacity = (int)Math.Min(int.MaxValue, budget / BlockBytes);
        _blocksOfSlab = (int)Math.Clamp(SlabBytes / BlockBytes, 1, Math.Max(1, Capacity));
    }

    /// <summary>Bytes of one block: 2 (key, value) * layers * kvHeads * headDim * 32 positions * 4, or 2 in bf16.</summary>
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

    /// <summary>Stores the key of one position, transposed: element d at place [d * 32 + slot] of the head's keys.</summary>
    public void WriteKey(int block, int slot, int layer, int kvHead, float* key)
    {
        var keys = Head(block, layer, kvHead);
        if (_precision == Precision.BF16)
        {
            BFloat16Pairs.Narrow(key, (ushort*)keys + slot, Positions, _headDim);
            return;
        }
        for (var d = 0; d < _headDim; d++) keys[d * Positions + slot] = key[d];
    }

    /// <summary>Stores the value of one position: element d at place [slot * headDim + d] of the head's values.</summary>
    public void WriteValue(int block, int slot, int layer, int kvHead, float* value)
    {
        var values = Head(block, layer, kvHead) + _headFloats;
        if (_precision == Precision.BF16) BFloat16Pairs.Narrow(value, (ushort*)values + slot * _headDim, 1, _headDim);
        else new ReadOnlySpan<float>(value, _headDim).CopyTo(new Span<float>(values + slot * _headDim, _headDim));
    }

    /// <summary>scores[r, p] = q_r · k_p for the 32 positions of a block.</summary>
    public void Score(int block, int layer, int kvHead, int rows, float* q, long qRow, float* scores, long scoresRow)
    {
        var keys = Head(block, layer, kvHead);
        if (_precision == Precision.BF16) MatrixKernel.Strip(rows, Positions, _headDim, q, qRow, 1, (ushort*)keys, Positions, scores, scoresRow, accumulate: false);
        else MatrixKernel.Strip(rows, Positions, _headDim, q, qRow, 1, keys, Positions, scores, scoresRow, accumulate: false);
    }

    /// <summary>output_r (+)= sum of weights[r, p] v_p over a block's first <paramref name="count"/> positions, in ascending order.</summary>
    public void Mix(int block, int layer, int kvHead, int count, int rows, float* weights, long weightsRow, float* output, long outputRow, bool accumulate)
    {
        var values = Head(block, layer, kvHead) + _headFloats;
        for (var d = 0; d < _headDim; d += Positions)
        {
            var columns = Math.Min(Positions, _headDim - d);
            if (_precision == Precision.BF16)
                MatrixKernel.Strip(rows, columns, count, weights, weightsRow, 1, (ushort*)values + d, _headDim, output + d, outputRow, accumulate);
            else MatrixKernel.Strip(rows, columns, count, weights, weightsRow, 1, values + d, _headDim, output + d, outputRow, accumulate);
        }
    }

    private float* Head(int block, int layer, int kvHead) =>
        _slabs[block / _blocksOfSlab].Start + block % _blocksOfSlab * _blockFloats + 2L * (layer * _kvHeads + kvHead) * _headFloats;

    public void Dispose()
    {
        foreach (var slab in _slabs) slab.Dispose();
    }
}
