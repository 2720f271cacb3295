using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Model;

/// <summary>The products of a layer that have an input of their own.</summary>
internal enum LayerProduct
{
    QueryKeyValue,
    Output,
    GateUp,
    Down,
}

/// <summary>One projection's share of a <see cref="LoraProduct"/>.</summary>
/// <param name="FirstOutput">Its first output within the product.</param>
/// <param name="Outputs">Number of outputs.</param>
/// <param name="Column">Its first column of t = x Aᵀ.</param>
/// <param name="B">Offset of its B [outputs, rank].</param>
internal sealed record LoraPart(int FirstOutput, int Outputs, int Column, long B);

/// <summary>
/// The adapter of one product. Rows of its parts' A follow each other, so that t = x Aᵀ is one product; each part's B meets its own
/// columns of t.
/// </summary>
/// <param name="Inputs">Columns of A.</param>
/// <param name="Columns">Columns of t: parts times rank.</param>
/// <param name="A">Offset of A [columns, inputs].</param>
/// <param name="Parts">In the order of the outputs; projections that are no target are left out.</param>
internal sealed record LoraProduct(int Inputs, int Columns, long A, LoraPart[] Parts);

/// <summary>Where the matrices of an adapter lie in one flat vector, under the names that PEFT gives them.</summary>
public sealed class LoraLayout : TensorLayout
{
    private const int ProductsOfALayer = 4;
    private readonly LoraProduct?[] _products;

    public LoraLayout(ModelConfig config, LoraSettings settings)
    {
        settings.Check(config);
        (Config, Settings) = (config, settings);
        var targets = settings.Targets ?? LoraSettings.Projections(config);
        Targets = [.. LoraSettings.Projections(config).Where(targets.Contains)];
        _products = new LoraProduct?[ProductsOfALayer * config.Layers];
        for (var i = 0; i < config.Layers; i++) AddLayer(i, $"base_model.model.model.layers.{i}.");
        Columns = _products.Max(product => product?.Columns ?? 0);
    }

    /// <summary>The model that the adapter is for.</summary>
    public ModelConfig Config { get; }
    public LoraSettings Settings { get; }
    /// <summary>The adapted projections, in the model's order.</summary>
    public IReadOnlyList<string> Targets { get; }
    /// <summary>Most columns that t = x Aᵀ has.</summary>
    internal int Columns { get; }

    /// <summary>The adapter of a product; null where none of its projections is a target.</summary>
    internal LoraProduct? Product(int layer, LayerProduct product) => _products[ProductsOfALayer * layer + (int)product];

    private void AddLayer(int layer, string prefix)
    {
        int hidden = Config.HiddenSize, inner = Config.IntermediateSize, query = Config.Heads * Config.HeadDim, keyValue = Config.KvHeads * Config.HeadDim;
        var fused = Config.FusedProjections;
        void Set(LayerProduct product, int inputs, string block, params (string Name, int Outputs)[] parts) =>
            _products[ProductsOfALayer * layer + (int)product] = AddProduct(inputs, prefix + block, parts);
        Set(LayerProduct.QueryKeyValue, hidden, "self_attn.", fused ? [("qkv_proj", query + 2 * keyValue)] : [("q_proj", query), ("k_proj", keyValue), ("v_proj", keyValue)]);
        Set(LayerProduct.Output, query, "self_attn.", ("o_proj", hidden));
        Set(LayerProduct.GateUp, hidden, "mlp.", fused ? [("gate_up_proj", 2 * inner)] : [("gate_proj", inner), ("up_proj", inner)]);
        Set(LayerProduct.Down, inner, "mlp.", ("down_proj", hidden));
    }

    private LoraProduct? AddProduct(int inputs, string block, (string Name, int Outputs)[] projections)
    {
        var adapted = projections.Where(projection => Targets.Contains(projection.Name)).ToArray();
        if (adapted.Length == 0) return null;
        var start = Length;
        foreach (var (name, _) in adapted) Add($"{block}{name}.lora_A.weight", Settings.Rank, inputs);
        var parts = new List<LoraPart>();
        var firstOutput = 0;
        foreach (var (name, outputs) in projections)
        {
            if (Targets.Contains(name))
                parts.Add(new LoraPart(firstOutput, outputs, parts.Count * Settings.Rank, Add($"{block}{name}.lora_B.weight", outputs, Settings.Rank)));
            firstOutput += outputs;
        }
        return new LoraProduct(inputs, parts.Count * Settings.Rank, start, [.. parts]);
    }
}
