using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>One layer's weights as the forward pass reads them. Pointers go into <see cref="Parameters"/>.</summary>
internal sealed unsafe class PackedLayer(ModelConfig config, Precision precision) : IDisposable
{
    public readonly WeightMatrix QueryKeyValue = new((config.Heads + 2 * config.KvHeads) * config.HeadDim, config.HiddenSize, precision);
    public readonly WeightMatrix Output = new(config.HiddenSize, config.Heads * config.HeadDim, precision);
    public readonly WeightMatrix Gate = new(config.IntermediateSize, config.HiddenSize, precision);
    public readonly WeightMatrix Up = new(config.IntermediateSize, config.HiddenSize, precision);
    public readonly WeightMatrix Down = new(config.HiddenSize, config.IntermediateSize, precision);
    public float* InputNorm, PostNorm, QueryNorm, KeyNorm;
    /// <summary>Biases of query, key and value, one after the other; null where the architecture has none.</summary>
    public float* QueryKeyValueBias;

    public void Dispose()
    {
        QueryKeyValue.Dispose();
        Output.Dispose();
        Gate.Dispose();
        Up.Dispose();
        Down.Dispose();
    }
}

/// <summary>One weights version laid out for the forward pass: matrices in panels, and the rotary table.</summary>
internal sealed unsafe class PackedWeights : IDisposable
{
    private readonly Parameters _parameters;
    private readonly PackedLayer[] _layers;
    private readonly PackedAdapter? _adapter;

    public PackedWeights(Parameters parameters, ThreadTeam team, Precision precision = Precision.F32, LoraAdapter? adapter = null)
    {
        adapter?.CheckFits(parameters.Layout.Config);
        _parameters = parameters;
        Precision = precision;
        Config = parameters.Layout.Config;
        Head = new WeightMatrix(Config.VocabSize, Config.HiddenSize, precision);
        Rotary = new RotaryTable(Config);
        _layers = new PackedLayer[Config.Layers];
        for (var i = 0; i < _layers.Length; i++) _layers[i] = new PackedLayer(Config, precision);
        Repack(team);
        if (adapter is not null) _adapter = new PackedAdapter(adapter, team);
    }

    public ModelConfig Config { get; }
    public Precision Precision { get; }
    public ReadOnlySpan<PackedLayer> Layers => _layers;
    public WeightMatrix Head { get; }
    public RotaryTable Rotary { get; }
    /// <summary>What is added to the layers' products; null for the base alone.</summary>
    public PackedAdapter? Adapter => BaseAlone ? null : _adapter;
    /// <summary>Leave the adapter out for now.</summary>
    public bool BaseAlone { get; set; }
    public float* FinalNorm => _parameters.At(_parameters.Layout.FinalNorm);

    public float* Embedding(int token) => _parameters.At(_parameters.Layout.Embedding + (long)token * Config.HiddenSize);

    /// <summary>Lays out the parameters' present values; call after every optimizer step.</summary>
    public void Repack(ThreadTeam team)
    {
        for (var i = 0; i < _layers.Length; i++)
        {
            var (layer, at) = (_layers[i], _parameters.Layout.Layers[i]);
            layer.InputNorm = _parameters.At(at.InputNorm);
            layer.PostNorm = _parameters.At(at.PostNorm);
            layer.QueryNorm = _parameters.At(at.QueryNorm);
            layer.KeyNorm = _parameters.At(at.KeyNorm);
            layer.QueryKeyValueBias = _parameters.At(at.QueryBias);
            team.Run(new PackJob(layer.QueryKeyValue, _parameters.At(at.Query)));
            team.Run(new PackJob(layer.Output, _parameters.At(at.Output)));
            team.Run(new PackJob(layer.Gate, _parameters.At(at.Gate)));
            team.Run(new PackJob(layer.Up, _parameters.At(at.Up)));
            team.Run(new PackJob(layer.Down, _parameters.At(at.Down)));
        }
        team.Run(new PackJob(Head, _parameters.At(_parameters.Layout.Head)));
    }

    public void Dispose()
    {
        foreach (var layer in _layers) layer.Dispose();
        Head.Dispose();
        Rotary.Dispose();
        _adapter?.Dispose();
    }

    private readonly struct PackJob(WeightMatrix matrix, float* weights) : IParallelJob
    {
        public void Execute(int thread, int threads) => matrix.Pack(weights, thread, threads);
    }
}
