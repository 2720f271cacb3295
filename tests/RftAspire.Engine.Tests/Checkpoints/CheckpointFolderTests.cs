using System.Security.Cryptography;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;

namespace RftAspire.Engine.Tests.Checkpoints;

public sealed class CheckpointFolderTests : IDisposable
{
    private static readonly ModelConfig Config = new()
    {
        ModelType = "qwen2",
        HiddenSize = 8,
        IntermediateSize = 12,
        Layers = 2,
        Heads = 2,
        KvHeads = 1,
        HeadDim = 4,
        VocabSize = 10,
        TieWordEmbeddings = true,
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void Save_ThenLoad_GivesTheSameModel(DType storeAs)
    {
        using var weights = Weights(Config);
        File.WriteAllText(folder.File("tokenizer.json"), "{}");
        CheckpointFolder.Save(folder.File("model"), weights, storeAs, folder.Path);

        using var loaded = CheckpointFolder.Load(folder.File("model"));
        Assert.Equal(Config, loaded.Layout.Config with { EosTokenIds = Config.EosTokenIds });
        Assert.Equal(weights.ToWeights(), loaded.ToWeights());
        Assert.Equal(CheckpointFolder.WeightsDigest(weights), CheckpointFolder.WeightsDigest(loaded));
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Names("model"));
        Assert.Equal([folder.File("model")], Directory.GetDirectories(folder.Path));
    }

    [Fact]
    public void Save_OverAnEarlierModel_ReplacesIt()
    {
        using var weights = Weights(Config);
        CheckpointFolder.Save(folder.File("model"), weights, DType.F32);
        File.WriteAllText(folder.File("model/old.txt"), "");
        weights.Tensor("model.norm.weight")[0] = 99;
        CheckpointFolder.Save(folder.File("model"), weights, DType.F32);

        using var loaded = CheckpointFolder.Load(folder.File("model"));
        Assert.Equal(99, loaded.Tensor("model.norm.weight")[0]);
        Assert.Equal(["config.json", "model.safetensors"], Names("model"));
        Assert.Equal([folder.File("model")], Directory.GetDirectories(folder.Path));
    }

    [Fact]
    public void ReadWeights_OtherFolderOfTheArchitecture_ReplacesTheValues()
    {
        using var weights = Weights(Config);
        CheckpointFolder.Save(folder.File("model"), weights, DType.F32);
        using var other = new Parameters(weights.Layout);
        CheckpointFolder.ReadWeights(folder.File("model"), other);
        Assert.Equal(weights.ToWeights(), other.ToWeights());

        using var larger = new Parameters(new ParameterLayout(Config with { Layers = 3 }));
        var fault = Assert.Throws<CheckpointException>(() => CheckpointFolder.ReadWeights(folder.File("model"), larger));
        Assert.Contains("'model.layers.2.input_layernorm.weight' is missing", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drop", "'model.norm.weight' is missing")]
    [InlineData("reshape", "has shape [2, 4], the config asks for [8]")]
    [InlineData("extra", "'model.layers.2.mlp.up_proj.weight'")]
    [InlineData("head", "'lm_head.weight'")]
    public void Load_TensorsUnlikeTheConfig_NamesTheTensor(string fault, string expected)
    {
        var tensors = Tensors(Config).ToDictionary(tensor => tensor.Name);
        if (fault == "drop") tensors.Remove("model.norm.weight");
        if (fault == "reshape") tensors["model.norm.weight"] = new("model.norm.weight", [2, 4], new float[8]);
        if (fault == "extra") tensors["x"] = new("model.layers.2.mlp.up_proj.weight", [1], [1f]);
        if (fault == "head") tensors["x"] = new("lm_head.weight", [10, 8], new float[80]);
        WriteModel("model.safetensors", tensors.Values);
        Assert.Contains(expected, FaultOfLoad(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_CopyOfTheTiedEmbedding_IsAccepted()
    {
        var tensors = Tensors(Config).ToList();
        tensors.Add(new("lm_head.weight", [10, 8], tensors.Single(tensor => tensor.Name == "model.embed_tokens.weight").Values));
        WriteModel("model.safetensors", tensors);
        using var loaded = CheckpointFolder.Load(folder.Path);
        Assert.DoesNotContain(loaded.Layout.Tensors, tensor => tensor.Name == "lm_head.weight");
    }

    [Fact]
    public void Load_Shards_GivesTheWholeModel()
    {
        WriteShards(name => name.Contains("layers.1", StringComparison.Ordinal) ? "b.safetensors" : "a.safetensors");
        using var loaded = CheckpointFolder.Load(folder.Path);
        using var whole = Weights(Config);
        Assert.Equal(whole.ToWeights(), loaded.ToWeights());
    }

    [Theory]
    [InlineData("\"a.safetensors\"", "\"../a.safetensors\"", "no plain")]
    [InlineData("\"a.safetensors\"", "\"/etc/a.safetensors\"", "no plain")]
    [InlineData("\"a.safetensors\"", "3", "weight_map")]
    [InlineData("weight_map", "weights", "weight_map")]
    [InlineData("model.norm.weight", "other.weight", "'other.weight' is not in a.safetensors")]
    [InlineData(",\"model.norm.weight\":\"a.safetensors\"", "", "'model.norm.weight' of a.safetensors is not in the index")]
    public void Load_BadIndex_SaysWhat(string part, string replacement, string expected)
    {
        WriteShards(_ => "a.safetensors");
        var index = folder.File("model.safetensors.index.json");
        File.WriteAllText(index, File.ReadAllText(index).Replace(part, replacement, StringComparison.Ordinal));
        Assert.Contains(expected, FaultOfLoad(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json", 30)]
    [InlineData("model.safetensors.index.json", 100)]
    [InlineData("a.safetensors", 100)]
    public void Load_RandomMutationsOfAFile_ThrowNothingButCheckpointException(string file, int leastRefused)
    {
        WriteShards(name => name.Contains("layers.1", StringComparison.Ordinal) ? "b.safetensors" : "a.safetensors");
        var bytes = File.ReadAllBytes(folder.File(file));
        CheckpointFolder.Load(folder.Path).Dispose();
        var random = new Random(11);
        var refused = 0;
        for (var round = 0; round < 300; round++)
        {
            File.WriteAllBytes(folder.File(file), Mutation.Of(bytes, random));
            try
            {
                CheckpointFolder.Load(folder.Path).Dispose();
            }
            catch (CheckpointException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, leastRefused, 300);
    }

    [Fact]
    public void Load_ConfigOfAHugeModel_IsRefusedBeforeMemoryIsTaken()
    {
        using var weights = Weights(Config);
        CheckpointFolder.Save(folder.File("model"), weights, DType.F32);
        File.WriteAllText(folder.File("model/config.json"), (Config with { VocabSize = 4_000_000, HiddenSize = 500, Layers = 512, IntermediateSize = 200_000 }).ToJson());
        // Its parameters would take 640 GB, which no machine of ours gives.
        var fault = Assert.Throws<CheckpointException>(() => CheckpointFolder.Load(folder.File("model")));
        Assert.Contains("the config asks for [4000000, 500]", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_EmptyOrMissingFolder_NamesTheMissingFile()
    {
        Assert.Contains("config.json", FaultOfLoad(), StringComparison.Ordinal);
        File.WriteAllText(folder.File("config.json"), Config.ToJson());
        Assert.Contains("neither model.safetensors nor", FaultOfLoad(), StringComparison.Ordinal);
    }

    [Fact]
    public void WeightsDigest_IsTheSha256OfValuesInNameOrder()
    {
        using var weights = Weights(Config);
        var bytes = weights.ToWeights().OrderBy(tensor => tensor.Key, StringComparer.Ordinal).SelectMany(tensor => tensor.Value.SelectMany(BitConverter.GetBytes));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([.. bytes])), CheckpointFolder.WeightsDigest(weights));
    }

    [SharedDataTheory]
    [InlineData("llama", DType.F32)]
    [InlineData("qwen2", DType.BF16)]
    [InlineData("qwen3", DType.F16)]
    public void Load_GoldenModels_RewriteToTheSameValues(string model, DType storedAs)
    {
        using var loaded = CheckpointFolder.Load(Path.Combine(SharedData.Root!, "golden", model));
        CheckpointFolder.Save(folder.File(model), loaded, storedAs);
        using var again = CheckpointFolder.Load(folder.File(model));
        Assert.Equal(CheckpointFolder.WeightsDigest(loaded), CheckpointFolder.WeightsDigest(again));
        using var inputs = SafetensorsFile.Open(Path.Combine(SharedData.Root!, "golden", model, "inputs.safetensors"));
        Assert.Equal([20L, 17L, 12L, 20L], inputs.ReadInt64("lengths"));
    }

    private static Parameters Weights(ModelConfig config)
    {
        var parameters = new Parameters(new ParameterLayout(config));
        foreach (var tensor in Tensors(config)) tensor.Values().CopyTo(parameters.Tensor(tensor.Name));
        return parameters;
    }

    /// <summary>Small multiples of 1/8: exact in every stored type.</summary>
    private static IEnumerable<StoredTensor> Tensors(ModelConfig config) =>
        new ParameterLayout(config).Tensors.Select((tensor, order) => new StoredTensor(tensor.Name, tensor.Shape,
            [.. Enumerable.Range(0, tensor.Length).Select(i => (((i * 7) + order) % 61 - 30) / 8f)]));

    private void WriteModel(string file, IEnumerable<StoredTensor> tensors)
    {
        File.WriteAllText(folder.File("config.json"), Config.ToJson());
        SafetensorsFile.Write(folder.File(file), tensors, DType.F32);
    }

    private void WriteShards(Func<string, string> shardOf)
    {
        foreach (var shard in Tensors(Config).GroupBy(tensor => shardOf(tensor.Name))) WriteModel(shard.Key, shard);
        var map = string.Join(",", Tensors(Config).Select(tensor => $"\"{tensor.Name}\":\"{shardOf(tensor.Name)}\""));
        File.WriteAllText(folder.File("model.safetensors.index.json"), $"{{\"metadata\":{{}},\"weight_map\":{{{map}}}}}");
    }

    private string FaultOfLoad() => Assert.Throws<CheckpointException>(() => CheckpointFolder.Load(folder.Path)).Message;

    private IEnumerable<string> Names(string sub) => Directory.GetFiles(folder.File(sub)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
