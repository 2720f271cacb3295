using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>Attention over whatever keys and values the caller keeps: a cache while sampling, the packed rows while learning.</summary>
internal unsafe interface IAttention
{
    /// <summary>A row's finished key of one head; called once before <see cref="Attend"/>, by any thread.</summary>
    void KeepKey(int layer, int row, int kvHead, float* key);

    /// <summary>A row's finished value of one head, as <see cref="KeepKey"/>.</summary>
    void KeepValue(int layer, int row, int kvHead, float* value);

    /// <param name="layer">Index of the layer.</param>
    /// <param name="queryKeyValue">Rotated queries, keys and values of the rows in flight.</param>
    /// <param name="output">[rows, heads * headDim].</param>
    void Attend(int layer, float* queryKeyValue, float* output);
}

/// <summary>
/// The decoder block: x += Wo attention(RMSNorm(x)); x += Wdown(silu(Wgate h) * (Wup h)) with h = RMSNorm(x). Sampler and learner
/// both run this code, which is why their log-probabilities agree to the last bit.
/// </summary>
internal static unsafe class TransformerLayer
{
    /// <summary>
    /// Runs layer <paramref name="index"/> on <paramref name="rows"/> rows from the residual stream <paramref name="input"/> and
    /// leaves it in <paramref name="output"/>; without an output it stops where the backward pass has all it needs.
    /// </summary>
    public static void Forward(PackedWeights weights, int index, LayerActivations a, int rows, int* positions, IAttention attention,
        float* input, float* output, ThreadTeam team)
    {
        ModelConfig config = weights.Config;
        var layer = weights.Layers[index];
        var eps = (float)config.RmsNormEps;
        var middle = a.Middle == null ? input : a.Middle;
        ProductRows normed = a.Scratch.Normed, attended = a.Scratch.Attended(a.Attended);
        team.RunRows(rows, new RmsNormJob(rows, config.HiddenSize, input, layer.InputNorm, eps, normed, a.InputRoots));
        LoraTerm Lora(LayerProduct which, ProductRows x) => weights.Adapter?.Begin(index, which, rows, x.Values, a.Scratch.LoraColumns, team) ?? default;
        team.Run(new QueryKeyValueJob(config, layer, weights.Rotary, attention, index, rows, positions, normed, a.QueryKeyValue, a.RawQueryKeyValue,
            Lora(LayerProduct.QueryKeyValue, normed)));
        attention.Attend(index, a.QueryKeyValue, a.Attended);
        if (attended.Pairs != null) team.RunRows(rows, new RoundJob(rows, layer.Output.Inputs, attended));
        team.Run(new ResidualJob(layer.Output, rows, attended, input, middle, Lora(LayerProduct.Output, attended)));
        team.RunRows(rows, new RmsNormJob(rows, config.HiddenSize, middle, layer.PostNorm, eps, normed, a.MiddleRoots));
        team.Run(new GateUpJob(layer, rows, normed, a.GateUp, a.Scratch.Activated, Lora(LayerProduct.GateUp, normed)));
        if (output != null) team.Run(new ResidualJob(layer.Down, rows, a.Scratch.Activated, middle, output, Lora(LayerProduct.Down, a.Scratch.Activated)));
    }
}
