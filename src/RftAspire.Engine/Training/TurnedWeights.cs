using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>One layer's weights in bf16 for dx = dy W.</summary>
internal sealed class TurnedLayer(ModelConfig config) : IDisposable
{
    public readonly PackedBFloat16Matrix QueryKeyValue = new(config.HiddenSize, (config.Heads + 2 * config.KvHeads) * config.HeadDim);
    public readonly PackedBFloat16Matrix Output = new(config.Heads * config.HeadDim, config.HiddenSize);
    public readonly PackedBFloat16Matrix GateUp = new(config.HiddenSize, 2 * config.IntermediateSize);
    public readonly PackedBFloat16Matrix Down = new(config.IntermediateSize, config.HiddenSize);

    public void Dispose()
    {
        QueryKeyValue.Dispose();
        Output.Dispose();
        GateUp.Dispose();
        Down.Dispose();
    }
}

/// <summary>All weights turned for the way back in bf16; float32 reads them as they are.</summary>
internal sealed unsafe class TurnedWeights : IDisposable
{
    private readonly Parameters _parameters;
    private readonly TurnedLayer[] _layers;

    public TurnedWeights(Parameters parameters, ThreadTeam team)
    {
        _parameters = parameters;
        var config = parameters.Layout.Config;
        _layers = new TurnedLayer[config.Layers];
        for (var i = 0; i < _layers.Length; i++) _layers[i] = new TurnedLayer(config);
        Head = new PackedBFloat16Matrix(config.HiddenSize, config.VocabSize);
        Repack(team);
    }

    public ReadOnlySpan<TurnedLayer> Layers => _layers;
    public PackedBFloat16Matrix Head { get; }

    /// <summary>Lays out the parameters' present values; call after every optimizer step.</summary>
    public void Repack(ThreadTeam team)
    {
        for (var i = 0; i < _layers.Length; i++)
        {
            var (layer, at) = (_layers[i], _parameters.Layout.Layers[i]);
            team.Run(new TurnJob(layer.QueryKeyValue, _parameters.At(at.Query), layer.QueryKeyValue.Outputs));
            team.Run(new TurnJob(layer.Output, _parameters.At(at.Output), layer.Output.Outputs));
            team.Run(new TurnJob(layer.GateUp, _parameters.At(at.Gate), layer.GateUp.Outputs));
            team.Run(new TurnJob(layer.Down, _parameters.At(at.Down), layer.Down.Outputs));
        }
        team.Run(new TurnJob(Head, _parameters.At(_parameters.Layout.Head), Head.Outputs));
    }

    public void Dispose()
    {
        foreach (var layer in _layers) layer.Dispose();
        Head.Dispose();
    }
}
