using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
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

    public static void Save(string folder, long seed = 1, int context = 128)
    {
        var key = RandomKey.FromSeed(seed);
        using var parameters = new Parameters(new ParameterLayout(s_config with { MaxPositionEmbeddings = context }));
        foreach (var (i, tensor) in parameters.Layout.Tensors.Index())
        {
            var values = parameters.Tensor(tensor);
            for (var at = 0; at < values.Length; at++) values[at] = (float)key.Derive(i).Normal(at);
        }
        CheckpointFolder.Save(folder, parameters, DType.F32);
    }

    public static void SaveWithTokenizer(string folder, long seed = 1, int context = 128)
    {
        Save(folder, seed, context);
        BpeTrainer.Train(["name a colour"], 300, ["<eos>"], new Dictionary<string, int>()).Save(folder);
    }
}
