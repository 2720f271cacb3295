using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>The trained matrices of a low-rank adapter, for a model whose own weights stay as they are.</summary>
public sealed unsafe class LoraAdapter(LoraLayout layout) : ParameterVector(layout)
{
    public override LoraLayout Layout => (LoraLayout)base.Layout;

    /// <summary>
    /// A fresh adapter that changes nothing yet: A uniform between ±1/sqrt(inputs), as PEFT draws it, and B zero.
    /// </summary>
    public static LoraAdapter Random(ModelConfig config, LoraSettings settings, RandomKey key)
    {
        var adapter = new LoraAdapter(new LoraLayout(config, settings));
        var index = 0;
        foreach (var tensor in adapter.Layout.Tensors)
        {
            var tensorKey = key.Derive(index++);
            if (!IsA(tensor)) continue;
            var values = adapter.Tensor(tensor);
            var bound = 1 / Math.Sqrt(tensor.Shape[1]);
            for (var i = 0; i < values.Length; i++) values[i] = (float)((2 * tensorKey.Uniform(i) - 1) * bound);
        }
        return adapter;
    }

    /// <summary>A copy of the model's weights with s B A added to each adapted projection: the same model in float32 rounding, without an adapter.</summary>
    /// <exception cref="ArgumentException">The weights are of another shape than the adapter's model.</exception>
    public Parameters Merge(Parameters weights)
    {
        CheckFits(weights.Layout.Config);
        var merged = new Parameters(weights.Layout);
        foreach (var tensor in weights.Layout.Tensors) weights.Tensor(tensor).CopyTo(merged.Tensor(tensor));
        for (var i = 0; i < Layout.Config.Layers; i++)
        {
            var at = merged.Layout.Layers[i];
            Add(LayerProduct.QueryKeyValue, i, merged.At(at.Query));
            Add(LayerProduct.Output, i, merged.At(at.Output));
            Add(LayerProduct.GateUp, i, merged.At(at.Gate));
            Add(LayerProduct.Down, i, merged.At(at.Down));
        }
        return merged;
    }

    /// <exception cref="ArgumentException">A model of that config has other projections than the adapter's.</exception>
    internal void CheckFits(ModelConfig config)
    {
        if (Sizes(config) != Sizes(Layout.Config)) throw new ArgumentException($"the adapter is for a model of {Sizes(Layout.Config)}, not of {Sizes(config)}");
    }

    private static string Sizes(ModelConfig config) =>
        $"{config.Layers} layers, hidden size {config.HiddenSize}, intermediate size {config.IntermediateSize}, {config.Heads} heads and {config.KvHeads} key/value heads " +
        $"of {config.HeadDim}, {(config.FusedProjections ? "fused" : "separate")} projections";

    /// <summary>W += (s B) A for the rows of each part.</summary>
    private void Add(LayerProduct which, int layer, float* weights)
    {
        if (Layout.Product(layer, which) is not { } product) return;
        var rank = Layout.Settings.Rank;
        foreach (var part in product.Parts)
        {
            using var scaled = new NativeBuffer((long)part.Outputs * rank);
            new ReadOnlySpan<float>(At(part.B), part.Outputs * rank).CopyTo(scaled.Span(0, part.Outputs * rank));
            VectorMath.Scale(scaled.Start, (float)Layout.Settings.Scale, part.Outputs * rank);
            MatrixKernel.Multiply(part.Outputs, product.Inputs, rank, scaled.Start, rank, 1, At(product.A) + (long)part.Column * product.Inputs, product.Inputs,
                weights + (long)part.FirstOutput * product.Inputs, product.Inputs, accumulate: true);
        }
    }

    private static bool IsA(ParameterTensor tensor) => tensor.Name.EndsWith("lora_A.weight", StringComparison.Ordinal);
}
