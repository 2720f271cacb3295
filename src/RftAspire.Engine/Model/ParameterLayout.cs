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

/// <summary>Named tensors that lie one after the other in a flat vector.</summary>
public abstract class TensorLayout
{
    private readonly List<ParameterTensor> _tensors = [];

    public IReadOnlyList<ParameterTensor> Tensors => _tensors;
    /// <summary>Number of parameters.</summary>
    public long Length { get; private set; }

    private protected long Add(string name, params long[] shape)
    {
        var tensor = new ParameterTensor(name, Length, shape);
        _tensors.Add(tensor);
        Length += tensor.Length;
        return tensor.Offset;
    }
}

/// <summary>
/// Where each tensor of a model lies in one flat vector. Query, key and value follow each other, as do gate and up, so that each
/// pair or triple is one matrix product.
/// </summary>
public sealed class ParameterLayout : TensorLayout
{
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
    internal long Embedding { get; }
    internal long FinalNorm { get; }
    internal long Head { get; }
    internal LayerOffsets[] Layers { get; }

    private LayerOffsets AddLayer(string prefix, int hidden, int query, int keyValue)
    {
        var layer = new LayerOffsets { InputNorm = Add(prefix + "input_layernorm.weight", hidden) };
        var stacked = AddStacked(prefix + "self_attn.", "qkv_proj", hidden, ("q_proj", query), ("k_proj", keyValue), ("v_proj", keyValue));
        (layer.Query, layer.Key, layer.Value) = (stacked[0], stacked[1], stacked[2]);
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
        stacked = AddStacked(prefix + "mlp.", "gate_up_proj", hidden, ("gate_proj", Config.IntermediateSize), ("up_proj", Config.IntermediateSize));
        (layer.Gate, layer.Up) = (stacked[0], stacked[1]);
        layer.Down = Add(prefix + "mlp.down_proj.weight", hidden, Config.IntermediateSize);
        return layer;
    }

    /// <summary>Matrices whose rows follow each other: a tensor each, or one for all under the name <paramref name="fused"/>.</summary>
    private long[] AddStacked(string prefix, string fused, int columns, params (string Name, int Rows)[] parts)
    {
        if (!Config.FusedProjections) return [.. parts.Select(part => Add($"{prefix}{part.Name}.weight", part.Rows, columns))];
        var offset = Add($"{prefix}{fused}.weight", parts.Sum(part => part.Rows), columns);
        return [.. parts.Select((_, i) => offset + parts.Take(i).Sum(part => (long)part.Rows * columns))];
    }
}
