using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>
/// Rotary position embedding in the half-split convention (Su et al., 2021, as in Hugging Face): element i is paired with
/// i + headDim/2 and turned by position * <see cref="ModelConfig.RotaryFrequency"/>(i). Models declare far more positions than are
/// used, so cosines and sines come in blocks of positions, each made when it is first asked for; any thread may ask.
/// </summary>
internal sealed unsafe class RotaryTable : IDisposable
{
    private const int BlockPositions = 256;

    private readonly Lock _growing = new();
    private readonly double[] _frequencies;
    private readonly double _magnitude;
    private readonly NativeBuffer?[] _blocks;

    public RotaryTable(ModelConfig config)
    {
        _frequencies = [.. Enumerable.Range(0, config.HeadDim / 2).Select(config.RotaryFrequency)];
        _magnitude = config.RopeScaling?.Magnitude ?? 1;
        _blocks = new NativeBuffer?[(config.MaxPositionEmbeddings + BlockPositions - 1) / BlockPositions];
    }

    /// <summary>Turns one head in place; <paramref name="direction"/> is 1, or -1 to turn a gradient back.</summary>
    public void Rotate(float* head, int position, float direction)
    {
        var half = _frequencies.Length;
        var block = Volatile.Read(ref _blocks[position / BlockPositions]) ?? Grow(position / BlockPositions);
        var cosines = block.Start + (long)(position % BlockPositions) * 2 * half;
        VectorMath.Rotate(head, head + half, cosines, cosines + half, direction, half);
    }

    public void Dispose()
    {
        foreach (var block in _blocks) block?.Dispose();
    }

    /// <summary>Makes a block, cosines then sines of each position: every value depends on its position alone, not on who came when.</summary>
    private NativeBuffer Grow(int index)
    {
        lock (_growing)
        {
            if (_blocks[index] is { } made) return made;
            var half = _frequencies.Length;
            var block = new NativeBuffer((long)BlockPositions * 2 * half);
            for (var p = 0; p < BlockPositions; p++)
            {
                for (var i = 0; i < half; i++)
                {
                    var angle = (index * (double)BlockPositions + p) * _frequencies[i];
                    block.Start[(2L * p * half) + i] = (float)(Math.Cos(angle) * _magnitude);
                    block.Start[(2L * p * half) + half + i] = (float)(Math.Sin(angle) * _magnitude);
                }
            }
            Volatile.Write(ref _blocks[index], block);
            return block;
        }
    }
}
