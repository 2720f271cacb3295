using RftAspire.Engine.Checkpoints;

namespace RftAspire.Cli.Pretraining;

/// <summary>Every choice behind the shipped base model; with the same data and seed it gives the same weights.</summary>
internal sealed record BaseModelRecipe
{
    public int Vocabulary { get; init; } = 3072;
    public int WindowTokens { get; init; } = 256;
    public int WindowsPerStep { get; init; } = 8;
    public int PretrainingSteps { get; init; } = 6000;
    public double PretrainingRate { get; init; } = 1.5e-3;
    public double PretrainingDecay { get; init; } = 0.1;
    /// <summary>Every so many acts, one is never trained on.</summary>
    public int HeldOutEvery { get; init; } = 64;
    public int WarmupEpochs { get; init; } = 3;
    /// <summary>Epochs that the learning rate's cosine is laid out for; the warm-up stops early on it.</summary>
    public int WarmupSchedule { get; init; } = 10;
    /// <summary>How often a row shows all its labels rather than a random part of them.</summary>
    public double WholeAnswerShare { get; init; }
    public int WarmupBatch { get; init; } = 16;
    public double WarmupRate { get; init; } = 5e-4;
    public long Seed { get; init; } = 2718281828459045235;

    public static IReadOnlyList<string> SpecialTokens => ["<pad>", "<bos>", "<eos>"];

    public ModelConfig Model => new()
    {
        ModelType = "llama",
        HiddenSize = 256,
        IntermediateSize = 704,
        Layers = 6,
        Heads = 4,
        KvHeads = 2,
        HeadDim = 64,
        VocabSize = Vocabulary,
        RmsNormEps = 1e-5,
        RopeTheta = 10_000,
        TieWordEmbeddings = true,
        MaxPositionEmbeddings = 512,
        BosTokenId = 1,
        EosTokenIds = [2],
    };
}
