using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests;

/// <summary>Random models small enough for exhaustive checks, with weights large enough that attention is far from uniform.</summary>
internal static class TinyModels
{
    public static TheoryData<string> Types => ["llama", "mistral", "qwen2", "qwen3"];

    public static ModelConfig Config(string type, int hidden = 48, int vocabulary = 101) => new()
    {
        ModelType = type,
        HiddenSize = hidden,
        IntermediateSize = 72,
        Layers = 2,
        Heads = 4,
        KvHeads = 2,
        HeadDim = type == "qwen3" ? 16 : 12,
        VocabSize = vocabulary,
        TieWordEmbeddings = type != "qwen3",
        MaxPositionEmbeddings = 256,
        SlidingWindow = type == "mistral" ? 5 : null,
    };

    public static Parameters Random(ModelConfig config, long seed = 7)
    {
        var parameters = new Parameters(new ParameterLayout(config));
        var key = RandomKey.FromSeed(seed);
        var index = 0;
        foreach (var tensor in parameters.Layout.Tensors)
        {
            var values = parameters.Tensor(tensor);
            var tensorKey = key.Derive(index++);
            for (var i = 0; i < values.Length; i++)
            {
                var normal = tensorKey.Normal(i);
                values[i] = (float)(tensor.IsMatrix ? normal * 1.2 / Math.Sqrt(tensor.Shape[1]) : tensor.Name.EndsWith("bias", StringComparison.Ordinal) ? 0.3 * normal : 1 + 0.2 * normal);
            }
        }
        return parameters;
    }

    /// <summary>An adapter that has learned: B is as large as A, and the two change the model a lot.</summary>
    public static LoraAdapter RandomAdapter(ModelConfig config, LoraSettings? settings = null, long seed = 11)
    {
        var adapter = LoraAdapter.Random(config, settings ?? new LoraSettings(Rank: 3, Alpha: 6), RandomKey.FromSeed(seed));
        var index = 0;
        foreach (var tensor in adapter.Layout.Tensors)
        {
            var values = adapter.Tensor(tensor);
            var key = RandomKey.FromSeed(seed).Derive(index++);
            for (var i = 0; i < values.Length; i++) values[i] = (float)(key.Normal(i) * 0.5 / Math.Sqrt(tensor.Shape[1]));
        }
        return adapter;
    }

    public static int[] Tokens(long seed, int length, int vocabulary) =>
        [.. Enumerable.Range(0, length).Select(i => RandomKey.FromSeed(seed).Below(i, vocabulary))];
}
