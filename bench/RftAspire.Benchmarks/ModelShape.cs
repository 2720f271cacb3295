using RftAspire.Engine.Checkpoints;

namespace RftAspire.Benchmarks;

/// <summary>A model size that the engine and its peers are compared on.</summary>
/// <param name="Name">T or S.</param>
/// <param name="Config">Its architecture.</param>
/// <param name="TrainingSequences">Sequences of one training step.</param>
/// <param name="TrainingTokens">Tokens of each of them.</param>
public sealed record ModelShape(string Name, ModelConfig Config, int TrainingSequences, int TrainingTokens)
{
    /// <summary>5 million parameters, which stay in the last-level cache.</summary>
    public static ModelShape T { get; } = new("T", Llama(hidden: 256, layers: 6, heads: 8, kvHeads: 4, inner: 704, vocabulary: 2048), 64, 128);

    /// <summary>135 million parameters, read from memory.</summary>
    public static ModelShape S { get; } = new("S", Llama(hidden: 576, layers: 30, heads: 9, kvHeads: 3, inner: 1536, vocabulary: 49152), 4, 256);

    public static IReadOnlyList<ModelShape> All { get; } = [T, S];

    /// <summary>Floating-point operations of the products with weights, for one token and its logits.</summary>
    public double ProductFlops
    {
        get
        {
            long hidden = Config.HiddenSize, query = Config.Heads * Config.HeadDim, keyValue = Config.KvHeads * Config.HeadDim;
            var layer = hidden * (query + 2 * keyValue) + query * hidden + 3 * hidden * Config.IntermediateSize;
            return 2.0 * (Config.Layers * layer + hidden * Config.VocabSize);
        }
    }

    /// <summary>Floating-point operations of attention for one token that sees <paramref name="context"/> positions.</summary>
    public double AttentionFlops(double context) => 4.0 * Config.Layers * Config.Heads * Config.HeadDim * context;

    private static ModelConfig Llama(int hidden, int layers, int heads, int kvHeads, int inner, int vocabulary) => new()
    {
        ModelType = "llama",
        HiddenSize = hidden,
        IntermediateSize = inner,
        Layers = layers,
        Heads = heads,
        KvHeads = kvHeads,
        HeadDim = hidden / heads,
        VocabSize = vocabulary,
        TieWordEmbeddings = true,
        MaxPositionEmbeddings = 2048,
    };
}
