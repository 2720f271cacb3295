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
    /// <summary>Runs layer <paramref name="index"/> on <paramref name="rows"/> rows and leaves the residual stream in <paramref name="output"/>.</summary>
    public static void Forward(PackedWeights weights, int index, LayerActivations a, int rows, int* positions, IAttention attention, float* output, ThreadTeam team)
    {
        ModelConfig config = weights.Config;
        var layer = weights.Layers[index];
        var eps = (float)config.RmsNormEps;
        team.RunRows(rows, new RmsNormJob(rows, config.HiddenSize, a.Input, layer.InputNorm, eps, a.Normed, a.InputRoots));
        team.Run(new QueryKeyValueJob(config, layer, weights.Rotary, attention, index, rows, positions, a.Normed, a.QueryKeyValue, a.RawQueryKeyValue));
        attention.Attend(index, a.QueryKeyValue, a.Attended);
        team.Run(new ResidualJob(layer.Output, rows, a.Attended, a.Input, a.Middle));
        team.RunRows(rows, new RmsNormJob(rows, config.HiddenSize, a.Middle, layer.PostNorm, eps, a.MiddleNormed, a.MiddleRoots));
        team.Run(new GateUpJob(layer, rows, a.MiddleNormed, a.GateUp, a.Activated));
        team.Run(new ResidualJob(layer.Down, rows, a.Activated, a.Middle, output));
    }
}
