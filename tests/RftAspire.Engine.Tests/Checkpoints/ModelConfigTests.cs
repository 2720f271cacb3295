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
    [InlineData("rope_scaling", """{"rope_type":"llama3","factor":8}""", "rope_scaling.rope_type")]
    [InlineData("rope_scaling", """{"factor":8}""", "rope_scaling.factor")]
    [InlineData("rope_parameters", """{"rope_type":"yarn"}""", "rope_parameters.rope_type")]
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
        };
        var read = ModelConfig.Parse(config.ToJson(DType.BF16));
        Assert.Equal(eos, read.EosTokenIds);
        Assert.Equal(config, read with { EosTokenIds = config.EosTokenIds });
    }

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
