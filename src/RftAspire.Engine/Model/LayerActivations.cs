using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>Buffers that a layer fills and empties again: one set serves all layers.</summary>
internal sealed unsafe class LayerScratch(ModelConfig config, int rows, Precision precision, int loraColumns) : IDisposable
{
    private readonly ProductBuffer _normed = new(rows, config.HiddenSize, precision);
    private readonly ProductBuffer _activated = new(rows, config.IntermediateSize, precision);
    private readonly NativeBuffer? _attendedPairs = precision == Precision.BF16
        ? new((long)rows * BFloat16Pairs.RowStride(config.Heads * config.HeadDim)) : null;
    private readonly NativeBuffer? _loraColumns = loraColumns == 0 ? null : new((long)rows * loraColumns);
    private readonly NativeBuffer? _loraGradient = loraColumns == 0 ? null : new((long)rows * loraColumns);

    /// <summary>The normalized residual stream, [rows, hidden], before attention and again before the feed-forward part.</summary>
    public ProductRows Normed => _normed.Rows;
    /// <summary>silu(gate) * up, [rows, inner].</summary>
    public ProductRows Activated => _activated.Rows;
    /// <summary>t = x Aᵀ of the adapter that was applied last, [rows, its columns].</summary>
    public float* LoraColumns => _loraColumns!.Start;
    /// <summary>d loss / d t, [rows, columns]; only used backward.</summary>
    public float* LoraGradient => _loraGradient!.Start;
    public long Bytes => sizeof(float) * (rows * ((long)config.HiddenSize + config.IntermediateSize) + 2 * (_loraColumns?.Length ?? 0));

    /// <summary>Room for the bf16 pairs of what attention gives.</summary>
    public ProductRows Attended(float* values) => new(values, _attendedPairs == null ? null : (uint*)_attendedPairs.Start);

    public void Dispose()
    {
        _normed.Dispose();
        _activated.Dispose();
        _attendedPairs?.Dispose();
        _loraColumns?.Dispose();
        _loraGradient?.Dispose();
    }
}

/// <summary>
/// What one layer computes for up to <c>rows</c> token rows and the backward pass needs again. What is cheap to compute twice is in
/// the <see cref="LayerScratch"/> instead.
/// </summary>
internal sealed unsafe class LayerActivations : IDisposable
{
    private readonly List<NativeBuffer> _buffers = [];

    public LayerActivations(ModelConfig config, int rows, LayerScratch scratch, bool forBackward)
    {
        Scratch = scratch;
        QueryKeyValue = New(rows, Stacked(config));
        Attended = New(rows, config.Heads * config.HeadDim);
        GateUp = New(rows, 2 * config.IntermediateSize);
        if (!forBackward) return;
        Middle = New(rows, config.HiddenSize);
        InputRoots = New(rows, 1);
        MiddleRoots = New(rows, 1);
        if (config.QkNorm) RawQueryKeyValue = New(rows, Stacked(config));
    }

    /// <summary>Bytes for one row with the backward pass to come: 4 (qkv + attended + middle + gate and up + 2 roots [+ raw qkv]).</summary>
    public static long BytesPerRow(ModelConfig config) => sizeof(float) *
        ((config.QkNorm ? 2L : 1L) * Stacked(config) + config.Heads * config.HeadDim + config.HiddenSize + 2L * config.IntermediateSize + 2);

    public LayerScratch Scratch { get; }
    /// <summary>Queries, keys and values after rotation, [rows, (heads + 2 kvHeads) * headDim].</summary>
    public float* QueryKeyValue { get; }
    /// <summary>The same before head norms and rotation; only where they are needed backward.</summary>
    public float* RawQueryKeyValue { get; }
    /// <summary>[rows, heads * headDim].</summary>
    public float* Attended { get; }
    /// <summary>The residual stream after attention, [rows, hidden]; null where it may take the place of the layer's input.</summary>
    public float* Middle { get; }
    /// <summary>Gate, then up, [rows, 2 inner].</summary>
    public float* GateUp { get; }
    /// <summary>Reciprocal roots of the first norm, [rows].</summary>
    public float* InputRoots { get; }
    /// <summary>Reciprocal roots of the second norm, [rows].</summary>
    public float* MiddleRoots { get; }

    public void Dispose()
    {
        foreach (var buffer in _buffers) buffer.Dispose();
    }

    private static int Stacked(ModelConfig config) => (config.Heads + 2 * config.KvHeads) * config.HeadDim;

    private float* New(int rows, int columns)
    {
        var buffer = new NativeBuffer((long)rows * columns);
        _buffers.Add(buffer);
        return buffer.Start;
    }
}
