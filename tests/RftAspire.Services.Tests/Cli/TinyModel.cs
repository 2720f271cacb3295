using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Services.Tests.Cli;

/// <summary>A random model of a few thousand parameters in the Hugging Face layout.</summary>
public static class TinyModel
{
    private static readonly ModelConfig s_config = new()
    {
        ModelType = "llama",
        HiddenSize = 16,
        IntermediateSize = 32,
        Layers = 2,
        Heads = 2,
        KvHeads = 1,
        HeadDim = 8,
        VocabSize = 320,
        MaxPositionEmbeddings = 128,
        TieWordEmbeddings = true,
    };

    public static void Save(string folder, long seed = 1)
    {
        var key = RandomKey.FromSeed(seed);
        var weights = CheckpointFolder.TensorShapes(s_config).Select((tensor, i) => (tensor.Name, Values: Enumerable
            .Range(0, (int)tensor.Shape.Aggregate((a, b) => a * b)).Select(at => (float)key.Derive(i).Normal(at)).ToArray()));
        CheckpointFolder.Save(folder, s_config, weights.ToDictionary(tensor => tensor.Name, tensor => tensor.Values), DType.F32);
    }

    public static void SaveWithTokenizer(string folder, long seed = 1)
    {
        Save(folder, seed);
        BpeTrainer.Train(["name a colour"], 300, ["<eos>"], new Dictionary<string, int>()).Save(folder);
    }
}
