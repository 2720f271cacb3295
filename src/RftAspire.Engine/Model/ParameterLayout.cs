using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Model;

/// <summary>One tensor's place in the flat parameter vector.</summary>
/// <param name="Name">The tensor's Hugging Face name.</param>
/// <param name="Offset">Index of its first element.</param>
/// <param name="Shape">Row-major shape; one dimension for norms and biases.</param>
public sealed record ParameterTensor(string Name, long Offset, long[] Shape)
{
    public int Length { get; } = checked((int)Shape.Aggregate(1L, (a, b) => a * b));
    public bool IsMatrix => Shape.Length == 2;
}

/// <summary>Offsets of one layer's tensors; -1 where the architecture has none.</summary>
internal sealed class LayerOffsets
{
    public long InputNorm, Query, Key, Value, QueryBias = -1, KeyBias = -1, ValueBias = -1, QueryNorm = -1, KeyNorm = -1;
    public long Output, PostNorm, Gate, Up, Down;
}

/// <summary>
/// Where each tensor of a model lies in one flat vector. Query, key and value follow each other, as do gate and up, so that each
/// pair or triple is one matrix product.
/// </summary>
public sealed class ParameterLayout
{
    private readonly List<ParameterTensor> _tensors = [];

    public ParameterLayout(ModelConfig config)
    {
        int hidden = config.HiddenSize, query = config.Heads * config.HeadDim, keyValue = config.KvHeads * config.HeadDim;
        Config = config;
        Embedding = Add("model.embed_tokens.weight", config.VocabSize, hidden);
        Layers = new LayerOffsets[config.Layers];
        for (var i = 0; i < config.Layers; i++) Layers[i] = AddLayer($"model.layers.{i}.", hidden, query, keyValue);
        FinalNorm = Add("model.norm.weight", hidden);
        Head = config.TieWordEmbeddings ? Embedding : Add("lm_head.weight", config.VocabSize, hidden);
    }

    public ModelConfig Config { get; }
    public IReadOnlyList<ParameterTensor> Tensors => _tensors;
    /// <summary>Number of parameters.</summary>
    public long Length { get; private set; }
    internal long Embedding { get; }
    internal long FinalNorm { get; }
    internal long Head { get; }
    internal LayerOffsets[] Layers { get; }

    private LayerOffsets AddLayer(string prefix, int hidden, int query, int keyValue)
    {
        var layer = new LayerOffsets { InputNorm = Add(prefix + "input_layernorm.weight", hidden) };
        layer.Query = Add(prefix + "self_attn.q_proj.weight", query, hidden);
        layer.Key = Add(prefix + "self_attn.k_proj.weight", keyValue, hidden);
        layer.Value = Add(prefix + "self_attn.v_proj.weight", keyValue, hidden);
        if (Config.QkvBias)
        {
            layer.QueryBias = Add(prefix + "self_attn.q_proj.bias", query);
            layer.KeyBias = Add(prefix + "self_attn.k_proj.bias", keyValue);
            layer.ValueBias = Add(prefix + "self_attn.v_proj.bias", keyValue);
        }
        if (Config.QkNorm)
        {
            layer.QueryNorm = Add(prefix + "self_attn.q_norm.weight", Config.HeadDim);
            layer.KeyNorm = Add(prefix + "self_attn.k_norm.weight", Config.HeadDim);
        }
        layer.Output = Add(prefix + "self_attn.o_proj.weight", hidden, query);
        layer.PostNorm = Add(prefix + "post_attention_layernorm.weight", hidden);
        layer.Gate = Add(prefix + "mlp.gate_proj.weight", Config.IntermediateSize, hidden);
        layer.Up = Add(prefix + "mlp.up_proj.weight", Config.IntermediateSize, hidden);
        layer.Down = Add(prefix + "mlp.down_proj.weight", hidden, Config.IntermediateSize);
        return layer;
    }

    private long Add(string name, params long[] shape)
    {
        var tensor = new ParameterTensor(name, Length, shape);
        _tensors.Add(tensor);
        Length += tensor.Length;
        return tensor.Offset;
    }
}
