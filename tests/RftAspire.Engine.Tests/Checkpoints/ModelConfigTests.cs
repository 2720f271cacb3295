using System.Text.Json.Nodes;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tests.Checkpoints;

public sealed class ModelConfigTests
{
    [Fact]
    public void Parse_OptionalFieldsAbsent_TakesTheFamilysDefaults()
    {
        var config = ModelConfig.Parse(Edit(_ => { }));
        Assert.Equal((16, 4, 1e-6, 10_000.0), (config.HeadDim, config.KvHeads, config.RmsNormEps, config.RopeTheta));
        Assert.Equal((false, false, false), (config.QkvBias, config.QkNorm, config.TieWordEmbeddings));
        Assert.Null(config.BosTokenId);
        Assert.Empty(config.EosTokenIds);
    }

    [Fact]
    public void Parse_Families_DifferInBiasesAndNorms()
    {
        Assert.True(ModelConfig.Parse(Edit(json => json["model_type"] = "qwen2")).QkvBias);
        Assert.True(ModelConfig.Parse(Edit(json => json["model_type"] = "qwen3")).QkNorm);
        Assert.Equal(128, ModelConfig.Parse(Edit(json => json["model_type"] = "qwen3")).HeadDim);
    }

    [Theory]
    [InlineData("3", new[] { 3 })]
    [InlineData("[3, 1]", new[] { 3, 1 })]
    [InlineData("null", new int[0])]
    public void Parse_EosTokenId_IsNumberListOrNull(string eos, int[] expected) =>
        Assert.Equal(expected, ModelConfig.Parse(Edit(json => json["eos_token_id"] = JsonNode.Parse(eos))).EosTokenIds);

    [Fact]
    public void Parse_RopeParameters_GiveTheta() =>
        Assert.Equal(5e5, ModelConfig.Parse(Edit(json => json["rope_parameters"] = JsonNode.Parse("""{"rope_type":"default","rope_theta":500000}"""))).RopeTheta);

    [Theory]
    [InlineData("model_type", "\"mamba\"", "qwen3")]
    [InlineData("rope_scaling", """{"rope_type":"llama3","factor":8}""", "rope_scaling.low_freq_factor is missing")]
    [InlineData("rope_scaling", """{"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":4,"original_max_position_embeddings":8192}""", "rope_scaling.high_freq_factor")]
    [InlineData("rope_scaling", """{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192.5}""", "an integer")]
    [InlineData("rope_scaling", """{"type":"linear","factor":0.5}""", "rope_scaling.factor")]
    [InlineData("rope_scaling", """{"type":"dynamic","factor":2}""", "rope_scaling.type")]
    [InlineData("rope_scaling", """{"type":"longrope","short_factor":[1],"long_factor":[2]}""", "default, linear, llama3 and yarn")]
    [InlineData("rope_scaling", """{"type":"mrope","rope_type":"default"}""", "rope_scaling.type")]
    [InlineData("rope_scaling", """{"type":"yarn","factor":4,"mscale":0.7}""", "rope_scaling.mscale")]
    [InlineData("rope_scaling", """{"type":"yarn","factor":4,"beta_fast":0.5}""", "rope_scaling.beta_fast")]
    [InlineData("rope_scaling", "4", "rope_scaling")]
    [InlineData("rope_scaling", """{"factor":8}""", "rope_scaling.factor")]
    [InlineData("rope_parameters", """{"rope_type":"yarn"}""", "rope_parameters.factor is missing")]
    [InlineData("rope_parameters", """{"full_attention":{"rope_type":"default"}}""", "rope_parameters.full_attention")]
    [InlineData("rope_parameters", """{"rope_type":"default","partial_rotary_factor":0.5}""", "rope_parameters.partial_rotary_factor")]
    [InlineData("hidden_act", "\"gelu\"", "silu")]
    [InlineData("mlp_bias", "true", "mlp_bias")]
    [InlineData("attention_bias", "true", "attention_bias")]
    [InlineData("use_sliding_window", "true", "use_sliding_window")]
    [InlineData("layer_types", """["full_attention","sliding_attention"]""", "layer_types")]
    [InlineData("quantization_config", """{"bits":4}""", "quantization_config")]
    [InlineData("partial_rotary_factor", "0.5", "partial_rotary_factor")]
    [InlineData("num_key_value_heads", "3", "num_attention_heads = 4")]
    [InlineData("head_dim", "15", "even")]
    [InlineData("vocab_size", "2000000000", "4194304")]
    [InlineData("vocab_size", "\"many\"", "an integer")]
    [InlineData("hidden_size", "1e3", "an integer")]
    [InlineData("num_hidden_layers", "0", "1 to 512")]
    [InlineData("rms_norm_eps", "-1", "rms_norm_eps")]
    [InlineData("eos_token_id", "256", "0 to 255")]
    [InlineData("eos_token_id", "[1, \"2\"]", "an integer")]
    [InlineData("tie_word_embeddings", "\"yes\"", "true or false")]
    public void Parse_Unsupported_NamesFieldAndWhatIsSupported(string field, string value, string expected)
    {
        var fault = Assert.Throws<CheckpointException>(() => ModelConfig.Parse(Edit(json => json[field] = JsonNode.Parse(value)), "m/config.json"));
        Assert.StartsWith("m/config.json: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(field, fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"model_type":"llama","model_type":"qwen2"}""")]
    public void Parse_NoConfig_IsRefused(string json) => Assert.Throws<CheckpointException>(() => ModelConfig.Parse(json));

    [Theory]
    [InlineData("llama", new int[0])]
    [InlineData("mistral", new[] { 2 })]
    [InlineData("phi3", new[] { 7, 2 })]
    [InlineData("qwen2", new[] { 5 })]
    [InlineData("qwen3", new[] { 5, 6 })]
    public void ToJson_AnyFamily_ParsesToTheSameConfig(string type, int[] eos)
    {
        var config = ModelConfig.Parse(Edit(json => json["model_type"] = type)) with
        {
            EosTokenIds = eos,
            BosTokenId = 1,
            RmsNormEps = 1e-5,
            RopeTheta = 1e6,
            TieWordEmbeddings = true,
            KvHeads = 2,
            HeadDim = 40,
        };
        RopeScaling?[] scalings = [null, new LinearRopeScaling(2), new Llama3RopeScaling(8, 1, 4, 8192), new YarnRopeScaling(4, 1024), new YarnRopeScaling(4.5, 1024, 1.25, 16, 2, false)];
        foreach (var scaling in type == "phi3" ? [null] : scalings)
            foreach (int? window in type == "llama" ? [null] : new int?[] { null, 48 })
                AssertRoundTrip(config with { RopeScaling = scaling, SlidingWindow = window });
    }

    private static void AssertRoundTrip(ModelConfig config)
    {
        var read = ModelConfig.Parse(config.ToJson(DType.BF16));
        Assert.Equal(config.EosTokenIds, read.EosTokenIds);
        Assert.Equal(config, read with { EosTokenIds = config.EosTokenIds });
    }

    [Theory]
    [InlineData("""{"rope_type":"linear","factor":2}""")]
    [InlineData("""{"type":"linear","factor":2.0,"rope_type":"linear"}""")]
    public void Parse_EitherSpellingOfScaling_IsTheSame(string scaling)
    {
        var older = ModelConfig.Parse(Edit(json => (json["rope_theta"], json["rope_scaling"]) = (5e5, JsonNode.Parse(scaling))));
        var newer = ModelConfig.Parse(Edit(json => (json["rope_parameters"] = JsonNode.Parse(scaling))!["rope_theta"] = 5e5));
        Assert.Equal(new LinearRopeScaling(2), older.RopeScaling);
        Assert.Equal((older.RopeTheta, older.RopeScaling), (newer.RopeTheta, newer.RopeScaling));
    }

    [Fact]
    public void Parse_TwoScalingsThatDiffer_IsRefused()
    {
        var fault = Assert.Throws<CheckpointException>(() => ModelConfig.Parse(Edit(json =>
            (json["rope_scaling"], json["rope_parameters"]) = (JsonNode.Parse("""{"type":"linear","factor":2}"""), JsonNode.Parse("""{"rope_type":"linear","factor":4}""")))));
        Assert.Contains("rope_scaling beside other rope_parameters", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mistral", "{}", 4096)]
    [InlineData("mistral", """{"sliding_window":null}""", null)]
    [InlineData("phi3", """{"sliding_window":2047}""", 2047)]
    [InlineData("llama", """{"sliding_window":4096}""", null)]
    [InlineData("qwen2", """{"sliding_window":64,"use_sliding_window":false}""", null)]
    [InlineData("qwen2", """{"sliding_window":64,"use_sliding_window":true,"max_window_layers":2}""", null)]
    [InlineData("qwen3", """{"sliding_window":64,"use_sliding_window":true,"max_window_layers":0}""", 64)]
    [InlineData("qwen3", """{"sliding_window":64,"use_sliding_window":true,"max_window_layers":0,"layer_types":["sliding_attention","sliding_attention"]}""", 64)]
    public void Parse_SlidingWindow_IsThatOfAllLayers(string type, string fields, int? expected) =>
        Assert.Equal(expected, ModelConfig.Parse(EditAll(type, fields)).SlidingWindow);

    [Theory]
    [InlineData("qwen2", """{"use_sliding_window":true,"max_window_layers":1}""", "max_window_layers = 1 of 2 layers")]
    [InlineData("qwen2", """{"use_sliding_window":true,"max_window_layers":0,"layer_types":["full_attention","sliding_attention"]}""", "sliding_attention in every layer")]
    [InlineData("mistral", """{"sliding_window":0}""", "sliding_window = 0")]
    [InlineData("phi3", """{"rope_scaling":{"type":"linear","factor":2}}""", "null in a phi3")]
    public void Parse_WindowOfSomeLayersOrNone_IsRefused(string type, string fields, string expected) =>
        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => ModelConfig.Parse(EditAll(type, fields))).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_TensorBeyondAnIndex_IsRefused()
    {
        var fault = Assert.Throws<CheckpointException>(() => ModelConfig.Parse(Edit(json => (json["vocab_size"], json["hidden_size"], json["head_dim"]) = (4_000_000, 60_000, 64))));
        Assert.Contains("hidden_size = 60000", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_FieldsOfSmolLm2_AreUnderstood()
    {
        var config = ModelConfig.Parse("""
            {"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":1,"eos_token_id":2,
             "hidden_act":"silu","hidden_size":576,"initializer_range":0.041666666666666664,"intermediate_size":1536,"is_llama_config":true,
             "max_position_embeddings":8192,"mlp_bias":false,"model_type":"llama","num_attention_heads":9,"num_hidden_layers":30,
             "num_key_value_heads":3,"pad_token_id":2,"pretraining_tp":1,"rms_norm_eps":1e-05,"rope_interleaved":false,"rope_scaling":null,
             "rope_theta":100000,"tie_word_embeddings":true,"torch_dtype":"bfloat16","transformers.js_config":{"kv_cache_dtype":{"q4f16":"float16"}},
             "transformers_version":"4.42.3","use_cache":true,"vocab_size":49152}
            """);
        Assert.Equal(("llama", 576, 9, 3, 64, 100_000.0, true, 8192), (config.ModelType, config.HiddenSize, config.Heads, config.KvHeads, config.HeadDim, config.RopeTheta, config.TieWordEmbeddings, config.MaxPositionEmbeddings));
    }

    private static string EditAll(string type, string fields) => Edit(json =>
    {
        json["model_type"] = type;
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject()) json[name] = value?.DeepClone();
    });

    private static string Edit(Action<JsonObject> edit)
    {
        var json = new JsonObject
        {
            ["model_type"] = "llama",
            ["hidden_size"] = 64,
            ["intermediate_size"] = 160,
            ["num_hidden_layers"] = 2,
            ["num_attention_heads"] = 4,
            ["vocab_size"] = 256,
        };
        edit(json);
        return json.ToJsonString();
    }
}
