using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Sampling;

namespace RftAspire.Engine.Training;

/// <summary>What training a model takes in bytes, the runtime's own 100 MB or so left out. With P parameters, h hidden, V vocabulary, L layers.</summary>
/// <param name="Weights">float32 parameters (4 P) and their packed copy: 4 P in float32; in bf16 2 P for each direction.</param>
/// <param name="Optimizer">Gradients (4 P), the second gradient of a tied embedding (4 V h) and two moments (8 P); with an adapter of A parameters 20 A, packed copy included.</param>
/// <param name="Activations">Layer inputs (L + 2 rows of 4 h), kept layers, and buffers that all layers share.</param>
/// <param name="Head">Logits, numerators and hidden rows of one chunk.</param>
public sealed record TrainingMemory(long Weights, long Optimizer, long Activations, long Head)
{
    public long Total => Weights + Optimizer + Activations + Head;

    /// <param name="config">The model.</param>
    /// <param name="precision">How products are computed.</param>
    /// <param name="rows">Rows computed at once: those of the largest batch.</param>
    /// <param name="adapterParameters">Parameters of the adapter that is trained in place of the weights; 0 without one.</param>
    /// <param name="activationBytes">The learner's budget for activations; null takes its default.</param>
    public static TrainingMemory Estimate(ModelConfig config, Precision precision, int rows, long adapterParameters = 0, long? activationBytes = null)
    {
        var parameters = new ParameterLayout(config).Length;
        long hidden = config.HiddenSize, embedding = config.VocabSize * hidden;
        var optimizer = adapterParameters > 0 ? 20 * adapterParameters : 12 * parameters + (config.TieWordEmbeddings ? 4 * embedding : 0);
        activationBytes ??= adapterParameters > 0 ? Learner.DefaultAdapterActivationBytes : Learner.DefaultActivationBytes;
        return new TrainingMemory(8 * parameters, optimizer,
            rows * ActivationsOfRow(config, activationBytes.Value / Math.Max(1, rows)), HeadPass.ChunkRows * 4 * (2L * TokenDistribution.RoundUp(config.VocabSize) + 5 * hidden));
    }

    private static long ActivationsOfRow(ModelConfig config, long budget)
    {
        long hidden = config.HiddenSize, inner = config.IntermediateSize, attended = (long)config.Heads * config.HeadDim;
        var stacked = attended + 2L * config.KvHeads * config.HeadDim;
        var layer = LayerActivations.BytesPerRow(config);
        var shared = hidden + inner + hidden + Math.Max(2 * inner, stacked) + attended + inner;
        var always = 4 * hidden * (config.Layers + 2) + 4 * shared;
        var kept = Math.Clamp((budget - always) / layer - 1, 0, config.Layers);
        return always + (kept + 1) * layer;
    }
}
