using System.Text.Json.Nodes;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Tests.Training;

namespace RftAspire.Engine.Tests.Checkpoints;

public sealed class AdapterFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelConfig _config = TinyModels.Config("qwen2");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen3")]
    [InlineData("phi3")]
    public void Save_ThenLoad_GivesTheSameAdapter(string type)
    {
        var config = TinyModels.Config(type);
        using var adapter = TinyModels.RandomAdapter(config, new LoraSettings(5, 7.5) { RankStabilized = type == "qwen3" });
        AdapterFolder.Save(Folder, adapter, baseModel: "some/base");
        using var loaded = AdapterFolder.Load(Folder, config);
        Assert.Equal(adapter.ToWeights(), loaded.ToWeights());
        Assert.Equal(adapter.Layout.Targets, loaded.Layout.Targets);
        Assert.Equal((5, adapter.Layout.Settings.Scale), (loaded.Layout.Settings.Rank, loaded.Layout.Settings.Scale));
        Assert.Equal(type == "qwen3" ? 7.5 / Math.Sqrt(5) : 1.5, loaded.Layout.Settings.Scale);
        Assert.Equal([Folder], Directory.GetDirectories(_folder.Path));
    }

    /// <summary>Two projections of the seven, and the file of PEFT with all of its fields.</summary>
    [Fact]
    public void Load_AsWrittenByPeft_IsTheAdapter()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(ConfigFile, """
            {"alora_invocation_tokens": null, "alpha_pattern": {}, "arrow_config": null, "auto_mapping": null, "base_model_name_or_path": "some/base",
            "bias": "none", "corda_config": null, "ensure_weight_tying": false, "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false,
            "inference_mode": true, "init_lora_weights": true, "layer_replication": null, "layers_pattern": null, "layers_to_transform": null,
            "loftq_config": {}, "lora_alpha": 16, "lora_bias": false, "lora_dropout": 0.05, "megatron_config": null, "megatron_core": "megatron.core",
            "modules_to_save": null, "peft_type": "LORA", "peft_version": "0.18.0", "qalora_group_size": 16, "r": 2, "rank_pattern": {}, "revision": null,
            "target_modules": ["v_proj", "q_proj"], "target_parameters": null, "task_type": "CAUSAL_LM", "trainable_token_indices": null,
            "use_dora": false, "use_qalora": false, "use_rslora": false}
            """);
        var tensors = new List<StoredTensor>();
        for (var layer = 0; layer < 2; layer++)
        {
            foreach (var (name, outputs) in new[] { ("q_proj", 48), ("v_proj", 24) })
            {
                var prefix = $"base_model.model.model.layers.{layer}.self_attn.{name}.lora_";
                tensors.Add(new(prefix + "A.weight", [2, 48], [.. Enumerable.Range(0, 96).Select(i => i / 64f)]));
                tensors.Add(new(prefix + "B.weight", [outputs, 2], [.. Enumerable.Range(0, 2 * outputs).Select(i => -i / 64f)]));
            }
        }
        SafetensorsFile.Write(TensorFile, tensors, DType.BF16);
        using var adapter = AdapterFolder.Load(Folder, _config);
        Assert.Equal((8.0, 8), (adapter.Layout.Settings.Scale, adapter.Layout.Tensors.Count));
        Assert.Equal(["q_proj", "v_proj"], adapter.Layout.Targets);
        Assert.All(tensors, tensor => Assert.Equal(tensor.Values(), adapter.Tensor(tensor.Name)));
    }

    [Theory]
    [InlineData("use_dora", "true")]
    [InlineData("bias", "\"all\"")]
    [InlineData("lora_bias", "true")]
    [InlineData("modules_to_save", "[\"lm_head\"]")]
    [InlineData("rank_pattern", "{\"q_proj\": 4}")]
    [InlineData("layers_to_transform", "[0]")]
    [InlineData("fan_in_fan_out", "true")]
    [InlineData("peft_type", "\"IA3\"")]
    [InlineData("peft_type", null)]
    [InlineData("init_lora_weights", "\"pissa\"")]
    [InlineData("something_new", "3")]
    [InlineData("use_rslora", "1")]
    [InlineData("r", "0")]
    [InlineData("r", "2.5")]
    [InlineData("r", "1000000")]
    [InlineData("r", null)]
    [InlineData("lora_alpha", "-1")]
    [InlineData("lora_alpha", "1e999")]
    [InlineData("lora_alpha", "\"16\"")]
    [InlineData("target_modules", "[]")]
    [InlineData("target_modules", "[\"lm_head\"]")]
    [InlineData("target_modules", "\".*_proj\"")]
    [InlineData("target_modules", "[3]")]
    [InlineData("target_modules", null)]
    public void Load_UnsupportedField_IsNamed(string field, string? value)
    {
        Save();
        var config = JsonNode.Parse(File.ReadAllText(ConfigFile))!.AsObject();
        config.Remove(field);
        var text = config.ToJsonString();
        File.WriteAllText(ConfigFile, value is null ? text : $"{text[..^1]}, \"{field}\": {value}}}");
        var error = Assert.Throws<CheckpointException>(() => AdapterFolder.Load(Folder, _config));
        Assert.Contains(ConfigFile, error.Message, StringComparison.Ordinal);
        Assert.Contains(field, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AllLinear_TakesEveryProjection()
    {
        Save();
        File.WriteAllText(ConfigFile, """{"peft_type": "LORA", "r": 3, "lora_alpha": 6, "target_modules": "all-linear"}""");
        using var adapter = AdapterFolder.Load(Folder, _config);
        Assert.Equal(7, adapter.Layout.Targets.Count);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("unexpected")]
    [InlineData("[4, 48]")]
    public void Load_OtherTensors_AreRefusedByName(string fault)
    {
        const string name = "base_model.model.model.layers.1.self_attn.k_proj.lora_A.weight";
        Save();
        using var adapter = TinyModels.RandomAdapter(_config);
        var tensors = adapter.ToWeights().Select(pair => new StoredTensor(pair.Key, adapter.Layout.Tensors.Single(t => t.Name == pair.Key).Shape, pair.Value)).ToList();
        if (fault != "unexpected") tensors.RemoveAll(tensor => tensor.Name == name);
        if (fault == "unexpected") tensors.Add(new(name.Replace("lora_A.weight", "lora_magnitude_vector", StringComparison.Ordinal), [1], [1f]));
        if (fault[0] == '[') tensors.Add(new(name, [4, 48], new float[192]));
        SafetensorsFile.Write(TensorFile, tensors, DType.F32);
        var error = Assert.Throws<CheckpointException>(() => AdapterFolder.Load(Folder, _config));
        Assert.All([TensorFile, "layers.1.self_attn.k_proj", fault], part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Load_OtherModelOrMissingFile_IsRefused()
    {
        Save();
        Assert.Throws<CheckpointException>(() => AdapterFolder.Load(Folder, _config with { Layers = 3 }));
        Assert.Throws<CheckpointException>(() => AdapterFolder.Load(Folder, _config with { Layers = 1 }));
        Assert.Throws<CheckpointException>(() => AdapterFolder.Load(Folder, TinyModels.Config("phi3")));
        Assert.Throws<CheckpointException>(() => AdapterFolder.Load(_folder.File("nowhere"), _config));
        File.Delete(TensorFile);
        Assert.Contains("adapter_model.safetensors", Assert.Throws<CheckpointException>(() => AdapterFolder.Load(Folder, _config)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_DamagedFiles_AreLoadedOrRefused()
    {
        Save();
        var random = new Random(5);
        foreach (var file in new[] { ConfigFile, TensorFile })
        {
            var original = File.ReadAllBytes(file);
            // The tensors' header is what has a structure to break.
            var header = file == TensorFile ? 8 + BitConverter.ToInt32(original) : original.Length;
            for (var i = 0; i < 300; i++)
            {
                File.WriteAllBytes(file, [.. Mutation.Of(original[..header], random), .. original[header..]]);
                Assert.True(Record.Exception(() => AdapterFolder.Load(Folder, _config).Dispose()) is null or CheckpointException);
            }
            File.WriteAllBytes(file, original);
        }
    }

    [Fact]
    public void LanguageModel_WithAdapterFolder_ScoresAsTheLearner()
    {
        Save();
        var adapter = TinyModels.RandomAdapter(_config);
        using var adapted = new LearnerBench(TinyModels.Random(_config), adapter: adapter);
        CheckpointFolder.Save(_folder.File("model"), adapted.Learner.Parameters, DType.F32);
        var ids = TinyModels.Tokens(1, 30, 101);
        using var model = LanguageModel.Load(_folder.File("model"), threads: 1, adapterFolder: Folder);
        Assert.Equal(CheckpointFolder.WeightsDigest(adapter), model.Digest);
        Assert.Equal(adapted.Learner.Logprobs([new(ids[..1], [ids[1..]])])[0], model.Score(ids));
        Assert.NotEqual(adapted.Learner.BaseLogprobs([new(ids[..1], [ids[1..]])])[0], model.Score(ids));
        var completion = model.Sample([new() { Prompt = ids, MaxTokens = 9 }])[0][0];
        Assert.Equal(model.Score([.. ids, .. completion.Tokens])[(ids.Length - 1)..], completion.Logprobs);
    }

    private string Folder => _folder.File("adapter");
    private string ConfigFile => Path.Combine(Folder, "adapter_config.json");
    private string TensorFile => Path.Combine(Folder, "adapter_model.safetensors");

    private void Save()
    {
        using var adapter = TinyModels.RandomAdapter(_config);
        AdapterFolder.Save(Folder, adapter);
    }
}
