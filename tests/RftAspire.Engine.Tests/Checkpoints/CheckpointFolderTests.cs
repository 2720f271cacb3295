using RftAspire.Engine.Checkpoints;

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
        var weights = Weights(Config);
        File.WriteAllText(folder.File("tokenizer.json"), "{}");
        CheckpointFolder.Save(folder.File("model"), Config, weights, storeAs, folder.Path);

        var loaded = CheckpointFolder.Load(folder.File("model"));
        Assert.Equal(Config, loaded.Config with { EosTokenIds = Config.EosTokenIds });
        Assert.Equal(CheckpointFolder.WeightsDigest(weights), CheckpointFolder.WeightsDigest(loaded.Weights));
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Names("model"));
        Assert.Equal([folder.File("model")], Directory.GetDirectories(folder.Path));
    }

    [Fact]
    public void Save_OverAnEarlierModel_ReplacesIt()
    {
        CheckpointFolder.Save(folder.File("model"), Config, Weights(Config), DType.F32);
        File.WriteAllText(folder.File("model/old.txt"), "");
        var changed = Weights(Config);
        changed["model.norm.weight"][0] = 99;
        CheckpointFolder.Save(folder.File("model"), Config, changed, DType.F32);

        Assert.Equal(99, CheckpointFolder.Load(folder.File("model")).Weights["model.norm.weight"][0]);
        Assert.Equal(["config.json", "model.safetensors"], Names("model"));
        Assert.Equal([folder.File("model")], Directory.GetDirectories(folder.Path));
    }

    [Fact]
    public void Save_MissingOrForeignTensor_LeavesNothing()
    {
        var missing = Weights(Config);
        missing.Remove("model.norm.weight");
        Assert.Contains("'model.norm.weight' is missing", FaultOfSave(missing), StringComparison.Ordinal);
        var foreign = Weights(Config);
        foreign["lm_head.weight"] = [1f];
        Assert.Contains("unexpected tensor 'lm_head.weight'", FaultOfSave(foreign), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
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
        if (fault == "reshape") tensors["model.norm.weight"] = ("model.norm.weight", [2, 4], new float[8]);
        if (fault == "extra") tensors["x"] = ("model.layers.2.mlp.up_proj.weight", [1], [1f]);
        if (fault == "head") tensors["x"] = ("lm_head.weight", [10, 8], new float[80]);
        WriteModel("model.safetensors", tensors.Values);
        Assert.Contains(expected, FaultOfLoad(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_CopyOfTheTiedEmbedding_IsAccepted()
    {
        var tensors = Tensors(Config).ToList();
        tensors.Add(("lm_head.weight", [10, 8], tensors.Single(tensor => tensor.Name == "model.embed_tokens.weight").Values));
        WriteModel("model.safetensors", tensors);
        Assert.DoesNotContain("lm_head.weight", CheckpointFolder.Load(folder.Path).Weights.Keys);
    }

    [Fact]
    public void Load_Shards_GivesTheWholeModel()
    {
        WriteShards(name => name.Contains("layers.1", StringComparison.Ordinal) ? "b.safetensors" : "a.safetensors");
        Assert.Equal(CheckpointFolder.WeightsDigest(Weights(Config)), CheckpointFolder.WeightsDigest(CheckpointFolder.Load(folder.Path).Weights));
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
        var weights = new Dictionary<string, float[]> { ["b"] = [1f], ["a"] = [0f, -2f] };
        byte[] bytes = [0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0x80, 0x3f];
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)), CheckpointFolder.WeightsDigest(weights));
    }

    [SharedDataTheory]
    [InlineData("llama", DType.F32)]
    [InlineData("qwen2", DType.BF16)]
    [InlineData("qwen3", DType.F16)]
    public void Load_GoldenModels_RewriteToTheSameValues(string model, DType storedAs)
    {
        var loaded = CheckpointFolder.Load(Path.Combine(SharedData.Root!, "golden", model));
        CheckpointFolder.Save(folder.File(model), loaded.Config, loaded.Weights, storedAs);
        Assert.Equal(CheckpointFolder.WeightsDigest(loaded.Weights), CheckpointFolder.WeightsDigest(CheckpointFolder.Load(folder.File(model)).Weights));
        using var inputs = SafetensorsFile.Open(Path.Combine(SharedData.Root!, "golden", model, "inputs.safetensors"));
        Assert.Equal([20L, 17L, 12L, 20L], inputs.ReadInt64("lengths"));
    }

    /// <summary>Small multiples of 1/8: exact in every stored type.</summary>
    private static SortedDictionary<string, float[]> Weights(ModelConfig config) =>
        new(Tensors(config).ToDictionary(tensor => tensor.Name, tensor => tensor.Values), StringComparer.Ordinal);

    private static IEnumerable<(string Name, long[] Shape, float[] Values)> Tensors(ModelConfig config) =>
        CheckpointFolder.TensorShapes(config).Select((tensor, order) => (tensor.Name, tensor.Shape,
            Enumerable.Range(0, (int)tensor.Shape.Aggregate((a, b) => a * b)).Select(i => (((i * 7) + order) % 61 - 30) / 8f).ToArray()));

    private void WriteModel(string file, IEnumerable<(string, long[], float[])> tensors)
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

    private string FaultOfSave(IReadOnlyDictionary<string, float[]> weights) =>
        Assert.Throws<CheckpointException>(() => CheckpointFolder.Save(folder.File("model"), Config, weights, DType.F32)).Message;

    private string FaultOfLoad() => Assert.Throws<CheckpointException>(() => CheckpointFolder.Load(folder.Path)).Message;

    private IEnumerable<string> Names(string sub) => Directory.GetFiles(folder.File(sub)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
