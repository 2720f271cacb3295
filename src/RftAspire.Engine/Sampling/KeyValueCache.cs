using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>Keys and values of one run of positions (a prompt, or one completion) in every layer.</summary>
internal sealed unsafe class KeyValueCache : IDisposable
{
    private readonly NativeBuffer _buffer;
    private readonly int _headDim;
    private readonly int _kvHeads;

    public KeyValueCache(ModelConfig config, int capacity)
    {
        (_headDim, _kvHeads) = (config.HeadDim, config.KvHeads);
        Capacity = (capacity + MatrixKernel.StripColumns - 1) / MatrixKernel.StripColumns * MatrixKernel.StripColumns;
        _buffer = new NativeBuffer(2L * config.Layers * _kvHeads * _headDim * Capacity);
    }

    public int Capacity { get; }
    /// <summary>Positions written.</summary>
    public int Length { get; set; }

    public KeySpan Span(int layer, int kvHead, int count)
    {
        var size = (long)_headDim * Capacity;
        var keys = _buffer.Start + 2 * ((long)layer * _kvHeads + kvHead) * size;
        return new KeySpan(keys, Capacity, keys + size, _headDim, count);
    }

    /// <summary>Stores the key and value of one position.</summary>
    public void Write(int layer, int kvHead, int position, float* key, float* value)
    {
        var span = Span(layer, kvHead, 0);
        for (var d = 0; d < _headDim; d++) span.Keys[d * span.KeyStride + position] = key[d];
        new ReadOnlySpan<float>(value, _headDim).CopyTo(new Span<float>(span.Values + position * span.ValueStride, _headDim));
    }

    public void Dispose() => _buffer.Dispose();
}
