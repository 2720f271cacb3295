using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>
/// Rotary position embedding in the half-split convention (Su et al., 2021, as in Hugging Face): element i is paired with
/// i + headDim/2 and turned by position * theta^(-2i/headDim).
/// </summary>
internal sealed unsafe class RotaryTable : IDisposable
{
    private readonly NativeBuffer _cosines;
    private readonly NativeBuffer _sines;
    private readonly int _half;

    public RotaryTable(ModelConfig config)
    {
        _half = config.HeadDim / 2;
        Positions = config.MaxPositionEmbeddings;
        _cosines = new NativeBuffer((long)Positions * _half);
        _sines = new NativeBuffer((long)Positions * _half);
        for (var i = 0; i < _half; i++)
        {
            var frequency = Math.Pow(config.RopeTheta, -2.0 * i / config.HeadDim);
            for (var p = 0; p < Positions; p++)
            {
                _cosines.Start[(long)p * _half + i] = (float)Math.Cos(p * frequency);
                _sines.Start[(long)p * _half + i] = (float)Math.Sin(p * frequency);
            }
        }
    }

    public int Positions { get; }

    /// <summary>Turns one head in place; <paramref name="direction"/> is 1, or -1 to turn a gradient back.</summary>
    public void Rotate(float* head, int position, float direction)
    {
        var at = (long)position * _half;
        VectorMath.Rotate(head, head + _half, _cosines.Start + at, _sines.Start + at, direction, _half);
    }

    public void Dispose()
    {
        _cosines.Dispose();
        _sines.Dispose();
    }
}
