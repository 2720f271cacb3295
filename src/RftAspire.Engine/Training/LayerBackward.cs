using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>The backward pass of <see cref="TransformerLayer"/>, with its scratch for up to <c>rows</c> rows.</summary>
internal sealed unsafe class LayerBackward : IDisposable
{
    private readonly ModelConfig _config;
    private readonly LayerScratch _scratch;
    private readonly LinearBackward _linear;
    private readonly NativeBuffer _hidden;
    private readonly NativeBuffer _wide;
    private readonly NativeBuffer _attended;
    private readonly NativeBuffer _activated;
    private readonly NativeBuffer? _turned;
    private readonly int _queryKeyValue;

    public LayerBackward(ModelConfig config, int rows, LayerScratch scratch, Precision precision)
    {
        (_config, _scratch) = (config, scratch);
        _queryKeyValue = (config.Heads + 2 * config.KvHeads) * config.HeadDim;
        _hidden = new NativeBuffer((long)rows * config.HiddenSize);
        _wide = new NativeBuffer((long)rows * Math.Max(2 * config.IntermediateSize, _queryKeyValue));
        _attended = new NativeBuffer((long)rows * config.Heads * config.HeadDim);
        _activated = new NativeBuffer((long)rows * config.IntermediateSize);
        _linear = new LinearBackward(rows, Math.Max(Math.Max(2 * config.IntermediateSize, _queryKeyValue), config.HiddenSize),
            Math.Max(Math.Max(config.IntermediateSize, config.HiddenSize), config.Heads * config.HeadDim), precision);
        if (config.QkNorm) _turned = new NativeBuffer((long)rows * _queryKeyValue);
    }

    /// <summary>
    /// Takes the gradient of the residual stream from behind layer <paramref name="index"/> to before it, in place, and adds the
    /// weights' gradients to <paramref name="gradients"/>, unless these are null: then the weights are frozen, and those of
    /// <paramref name="adapter"/> are learned. Before the first layer nothing is learned then, and its own input gets no gradient.
    /// </summary>
    public void Run(int index, PackedWeights weights, TurnedWeights? turned, Parameters parameters, ParameterVector? gradients, AdapterBackward? adapter,
        float* input, LayerActivations a, PackedAttention attention, int rows, int* positions, float* stream, ThreadTeam team)
    {
        var (layer, at) = (weights.Layers[index], parameters.Layout.Layers[index]);
        var turnedLayer = turned?.Layers[index];
        FeedForward(index, layer, at, turnedLayer, parameters, gradients, adapter, a, rows, stream, team);
        Attention(index, layer, at, weights, turnedLayer, parameters, gradients, adapter, input, a, attention, rows, positions, stream, team);
    }

    public long Bytes => sizeof(float) * (_hidden.Length + _wide.Length + _attended.Length + _activated.Length + (_turned?.Length ?? 0));

    public void Dispose()
    {
        _linear.Dispose();
        _hidden.Dispose();
        _wide.Dispose();
        _attended.Dispose();
        _activated.Dispose();
        _turned?.Dispose();
    }

    private void FeedForward(int index, PackedLayer layer, LayerOffsets at, TurnedLayer? turned, Parameters parameters, ParameterVector? gradients, AdapterBackward? adapter,
        LayerActivations a, int rows, float* stream, ThreadTeam team)
    {
        int hidden = _config.HiddenSize, inner = _config.IntermediateSize;
        float* normed = _scratch.Normed.Values, activated = _scratch.Activated.Values;
        _linear.InputGradient(rows, hidden, inner, stream, parameters.At(at.Down), turned?.Down, _activated.Start, team);
        adapter?.InputGradient(index, LayerProduct.Down, _scratch, rows, hidden, stream, _activated.Start);
        team.Run(new SwiGluBackwardJob(rows, inner, a.GateUp, _activated.Start, _wide.Start, activated));
        WeightGradient(rows, hidden, inner, stream, activated, gradients, at.Down, team);
        adapter?.WeightGradient(index, LayerProduct.Down, _scratch, rows, hidden, activated, stream);
        team.Run(new NormalizedJob(rows, hidden, a.Middle, layer.PostNorm, a.MiddleRoots, normed));
        WeightGradient(rows, 2 * inner, hidden, _wide.Start, normed, gradients, at.Gate, team);
        _linear.InputGradient(rows, 2 * inner, hidden, _wide.Start, parameters.At(at.Gate), turned?.GateUp, _hidden.Start, team);
        adapter?.InputGradient(index, LayerProduct.GateUp, _scratch, rows, 2 * inner, _wide.Start, _hidden.Start);
        adapter?.WeightGradient(index, LayerProduct.GateUp, _scratch, rows, 2 * inner, normed, _wide.Start);
        Norm(rows, a.Middle, layer.PostNorm, a.MiddleRoots, gradients, at.PostNorm, stream, team);
    }

    private void Attention(int index, PackedLayer layer, LayerOffsets at, PackedWeights weights, TurnedLayer? turned, Parameters parameters, ParameterVector? gradients, AdapterBackward? adapter,
        float* input, LayerActivations a, PackedAttention attention, int rows, int* positions, float* stream, ThreadTeam team)
    {
        int hidden = _config.HiddenSize, query = _config.Heads * _config.HeadDim;
        WeightGradient(rows, hidden, query, stream, a.Attended, gradients, at.Output, team);
        _linear.InputGradient(rows, hidden, query, stream, parameters.At(at.Output), turned?.Output, _attended.Start, team);
        adapter?.InputGradient(index, LayerProduct.Output, _scratch, rows, hidden, stream, _attended.Start);
        adapter?.WeightGradient(index, LayerProduct.Output, _scratch, rows, hidden, a.Attended, stream);
        attention.Backward(a.QueryKeyValue, a.Attended, _attended.Start, _wide.Start);
        team.Run(new RotaryBackwardJob(_config, layer, weights.Rotary, rows, positions, a.RawQueryKeyValue, _wide.Start, _turned == null ? null : _turned.Start));
        if (_turned != null && gradients != null)
            team.Run(new HeadNormWeightJob(_config, rows, _queryKeyValue, a.RawQueryKeyValue, _turned.Start, gradients.At(at.QueryNorm), gradients.At(at.KeyNorm)));
        if (at.QueryBias >= 0 && gradients != null) team.Run(new SumRowsJob(rows, _queryKeyValue, _wide.Start, gradients.At(at.QueryBias)));
        team.Run(new NormalizedJob(rows, hidden, input, layer.InputNorm, a.InputRoots, _scratch.Normed.Values));
        WeightGradient(rows, _queryKeyValue, hidden, _wide.Start, _scratch.Normed.Values, gradients, at.Query, team);
        var end = index == 0 && gradients == null;
        if (!end) _linear.InputGradient(rows, _queryKeyValue, hidden, _wide.Start, parameters.At(at.Query), turned?.QueryKeyValue, _hidden.Start, team);
        adapter?.InputGradient(index, LayerProduct.QueryKeyValue, _scratch, rows, _queryKeyValue, _wide.Start, end ? null : _hidden.Start);
        adapter?.WeightGradient(index, LayerProduct.QueryKeyValue, _scratch, rows, _queryKeyValue, _scratch.Normed.Values, _wide.Start);
        if (!end) Norm(rows, input, layer.InputNorm, a.InputRoots, gradients, at.InputNorm, stream, team);
    }

    /// <summary>Nothing where the weights are frozen.</summary>
    private void WeightGradient(int rows, int outputs, int inputs, float* dy, float* x, ParameterVector? gradients, long offset, ThreadTeam team)
    {
        if (gradients != null) _linear.WeightGradient(rows, outputs, inputs, dy, x, gradients.At(offset), team);
    }

    private void Norm(int rows, float* x, float* weight, float* roots, ParameterVector? gradients, long offset, float* stream, ThreadTeam team)
    {
        if (gradients != null) team.Run(new RmsNormWeightJob(rows, _config.HiddenSize, x, roots, _hidden.Start, gradients.At(offset)));
        team.Run(new RmsNormBackwardJob(rows, _config.HiddenSize, x, weight, roots, _hidden.Start, stream));
    }
}
