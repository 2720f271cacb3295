using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>
/// The learner's memory for up to <c>rows</c> rows: every layer's input, the activations of as many layers as the budget allows (the
/// last ones, which the backward pass needs first), and one set that the other layers share.
/// </summary>
internal sealed unsafe class LearnerBuffers : IDisposable
{
    private readonly int _rows;
    private readonly NativeBuffer[] _inputs;
    private readonly LayerScratch _scratch;
    private readonly LayerActivations _shared;
    private readonly LayerActivations?[] _kept;

    /// <param name="config">The model.</param>
    /// <param name="rows">Rows to make room for.</param>
    /// <param name="activationBytes">Bytes in all; layers are kept with what the rest leaves. Null when no backward pass follows.</param>
    /// <param name="precision">How products are computed.</param>
    /// <param name="loraColumns">Most columns that the adapter's t = x Aᵀ has; 0 without one.</param>
    public LearnerBuffers(ModelConfig config, int rows, long? activationBytes, Precision precision, int loraColumns)
    {
        var hidden = (long)rows * config.HiddenSize;
        _rows = rows;
        _scratch = new LayerScratch(config, rows, precision, loraColumns);
        _shared = new LayerActivations(config, rows, _scratch, forBackward: true);
        _kept = new LayerActivations?[config.Layers];
        // Without a backward pass, two streams take turns.
        _inputs = new NativeBuffer[activationBytes is null ? 2 : config.Layers + 1];
        for (var i = 0; i < _inputs.Length; i++) _inputs[i] = new NativeBuffer(hidden);
        if (activationBytes is not { } bytes) return;
        StreamGradient = new NativeBuffer(hidden);
        Backward = new LayerBackward(config, rows, _scratch, precision);
        var taken = (_inputs.Length + 1) * hidden * sizeof(float) + _scratch.Bytes + Backward.Bytes;
        var affordable = (bytes - taken) / (rows * LayerActivations.BytesPerRow(config)) - 1;
        for (var i = config.Layers - 1; i >= 0 && config.Layers - i <= affordable; i--)
            _kept[i] = new LayerActivations(config, rows, _scratch, forBackward: true);
        // What the last layer computed is still there when the way back begins.
        _kept[^1] ??= _shared;
    }

    /// <summary>The residual stream behind the last layer.</summary>
    public NativeBuffer Stream => _inputs[_kept.Length % _inputs.Length];
    public NativeBuffer? StreamGradient { get; }
    public LayerBackward? Backward { get; }

    /// <summary>Rows of which every layer's activations may be kept, at most <see cref="int.MaxValue"/>.</summary>
    public static int AffordableRows(ModelConfig config, long activationBytes) =>
        (int)Math.Min(int.MaxValue, activationBytes / ((config.Layers + 2) * (LayerActivations.BytesPerRow(config) + sizeof(float) * config.HiddenSize)));

    public bool Fit(int rows, bool forBackward) => rows <= _rows && (!forBackward || Backward is not null);

    /// <summary>The residual stream before a layer, [rows, hidden].</summary>
    public float* Input(int layer) => _inputs[layer % _inputs.Length].Start;

    public LayerActivations Layer(int layer) => _kept[layer] ?? _shared;

    /// <summary>Whether a layer's activations are those of the forward pass; otherwise they are to be computed again.</summary>
    public bool IsKept(int layer) => _kept[layer] is not null;

    public void Dispose()
    {
        foreach (var input in _inputs) input.Dispose();
        foreach (var layer in _kept) layer?.Dispose();
        _shared.Dispose();
        _scratch.Dispose();
        StreamGradient?.Dispose();
        Backward?.Dispose();
    }
}
