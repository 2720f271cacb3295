using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>The backward pass of <see cref="TransformerLayer"/>, with its scratch for up to <c>rows</c> rows.</summary>
internal sealed unsafe class LayerBackward : IDisposable
{
    private readonly ModelConfig _config;
    private readonly ThreadTeam _team;
    private readonly NativeBuffer _hidden;
    private readonly NativeBuffer _wide;
    private readonly NativeBuffer _attended;
    private readonly NativeBuffer _activated;
    private readonly NativeBuffer? _turned;
    private readonly int _queryKeyValue;

    public LayerBackward(ModelConfig config, int rows, ThreadTeam team)
    {
        (_config, _team) = (config, team);
        _queryKeyValue = (config.Heads + 2 * config.KvHeads) * config.HeadDim;
        _hidden = new NativeBuffer((long)rows * config.HiddenSize);
        _wide = new NativeBuffer((long)rows * Math.Max(2 * config.IntermediateSize, _queryKeyValue));
        _attended = new NativeBuffer((long)rows * config.Heads * config.HeadDim);
        _activated = new NativeBuffer((long)rows * config.IntermediateSize);
        if (config.QkNorm) _turned = new NativeBuffer((long)rows * _queryKeyValue);
    }

    /// <summary>
    /// Takes the gradient of the residual stream from behind layer <paramref name="index"/> to before it, in place, and adds the
    /// weights' gradients to <paramref name="gradients"/>.
    /// </summary>
    public void Run(int index, PackedWeights weights, Parameters parameters, Parameters gradients, LayerActivations a, PackedAttention attention, int rows, int* positions, float* stream)
    {
        var (layer, at) = (weights.Layers[index], parameters.Layout.Layers[index]);
        FeedForward(layer, at, parameters, gradients, a, rows, stream);
        Attention(layer, at, weights, parameters, gradients, a, attention, rows, positions, stream);
    }

    public void Dispose()
    {
        _hidden.Dispose();
        _wide.Dispose();
        _attended.Dispose();
        _activated.Dispose();
        _turned?.Dispose();
    }

    private void FeedForward(PackedLayer layer, LayerOffsets at, Parameters parameters, Parameters gradients, LayerActivations a, int rows, float* stream)
    {
        int hidden = _config.HiddenSize, inner = _config.IntermediateSize;
        Linear(rows, hidden, inner, stream, a.Activated, parameters.At(at.Down), gradients.At(at.Down), _activated.Start);
        _team.Run(new SwiGluBackwardJob(rows, inner, a.GateUp, _activated.Start, _wide.Start));
        Linear(rows, 2 * inner, hidden, _wide.Start, a.MiddleNormed, parameters.At(at.Gate), gradients.At(at.Gate), _hidden.Start);
        Norm(rows, a.Middle, layer.PostNorm, a.MiddleRoots, gradients.At(at.PostNorm), stream);
    }

    private void Attention(PackedLayer layer, LayerOffsets at, PackedWeights weights, Parameters parameters, Parameters gradients, LayerActivations a,
        PackedAttention attention, int rows, int* positions, float* stream)
    {
        int hidden = _config.HiddenSize, query = _config.Heads * _config.HeadDim;
        Linear(rows, hidden, query, stream, a.Attended, parameters.At(at.Output), gradients.At(at.Output), _attended.Start);
        attention.Backward(a.QueryKeyValue, a.Attended, _attended.Start, _wide.Start);
        _team.Run(new RotaryBackwardJob(_config, layer, weights.Rotary, rows, positions, a.RawQueryKeyValue, _wide.Start, _turned == null ? null : _turned.Start));
        if (_turned != null)
            _team.Run(new HeadNormWeightJob(_config, rows, _queryKeyValue, a.RawQueryKeyValue, _turned.Start, gradients.At(at.QueryNorm), gradients.At(at.KeyNorm)));
        if (at.QueryBias >= 0) _team.Run(new SumRowsJob(rows, _queryKeyValue, _wide.Start, gradients.At(at.QueryBias)));
        Linear(rows, _queryKeyValue, hidden, _wide.Start, a.Normed, parameters.At(at.Query), gradients.At(at.Query), _hidden.Start);
        Norm(rows, a.Input, layer.InputNorm, a.InputRoots, gradients.At(at.InputNorm), stream);
    }

    /// <summary>For y = x Wᵀ: dW += dyᵀ x and dx = dy W, with W [outputs, inputs].</summary>
    private void Linear(int rows, int outputs, int inputs, float* dy, float* x, float* weights, float* gradients, float* dx)
    {
        _team.Run(new ProductJob(outputs, inputs, rows, dy, 1, outputs, x, inputs, gradients, inputs, accumulate: true));
        _team.Run(new ProductJob(rows, inputs, outputs, dy, outputs, 1, weights, inputs, dx, inputs, accumulate: false));
    }

    private void Norm(int rows, float* x, float* weight, float* roots, float* gradient, float* stream)
    {
        _team.Run(new RmsNormWeightJob(rows, _config.HiddenSize, x, roots, _hidden.Start, gradient));
        _team.Run(new RmsNormBackwardJob(rows, _config.HiddenSize, x, weight, roots, _hidden.Start, stream));
    }
}
