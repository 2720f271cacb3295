using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>Attention over whatever keys and values the caller keeps: a cache while sampling, the packed rows while learning.</summary>
internal unsafe interface IAttention
{
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
        team.Run(new RmsNormJob(rows, config.HiddenSize, a.Input, layer.InputNorm, eps, a.Normed, a.InputRoots));
        team.Run(new LinearJob(layer.QueryKeyValue, rows, a.Normed, a.QueryKeyValue, accumulate: false));
        team.Run(new RotaryJob(config, layer, weights.Rotary, rows, positions, a.QueryKeyValue, a.RawQueryKeyValue));
        attention.Attend(index, a.QueryKeyValue, a.Attended);
        AddProjection(layer.Output, rows, a.Attended, a.Input, a.Middle, team);
        team.Run(new RmsNormJob(rows, config.HiddenSize, a.Middle, layer.PostNorm, eps, a.MiddleNormed, a.MiddleRoots));
        team.Run(new LinearJob(layer.GateUp, rows, a.MiddleNormed, a.GateUp, accumulate: false));
        team.Run(new SwiGluJob(rows, config.IntermediateSize, a.GateUp, a.Activated));
        AddProjection(layer.Down, rows, a.Activated, a.Middle, output, team);
    }

    /// <summary>target = residual + x Wᵀ; the sum starts from the residual, so both callers round alike.</summary>
    private static void AddProjection(PackedMatrix matrix, int rows, float* x, float* residual, float* target, ThreadTeam team)
    {
        if (target != residual) team.Run(new CopyRowsJob(rows, matrix.Outputs, residual, target));
        team.Run(new LinearJob(matrix, rows, x, target, accumulate: true));
    }
}
