using System.Text.Json;

namespace RftAspire.Engine.Checkpoints;

/// <summary>Reads the fields of a config.json and refuses those that would make another computation than the engine's.</summary>
internal sealed class ModelConfigReader(string file, JsonElement root)
{
    public ModelConfig Read()
    {
        if (root.ValueKind != JsonValueKind.Object) throw new CheckpointException(file, $"is {root.ValueKind}, not an object");
        var type = Get("model_type") is { ValueKind: JsonValueKind.String } name
            ? name.GetString()!
            : throw new CheckpointException(file, "model_type is missing or no string: llama, qwen2 and qwen3 are supported");
        var heads = Integer("num_attention_heads");
        var hidden = Integer("hidden_size");
        RefuseUnsupported(type);
        return new ModelConfig
        {
            ModelType = type,
            HiddenSize = hidden,
            IntermediateSize = Integer("intermediate_size"),
            Layers = Integer("num_hidden_layers"),
            Heads = heads,
            KvHeads = Integer("num_key_value_heads", heads),
            HeadDim = Integer("head_dim", DefaultHeadDim(type, hidden, heads)),
            VocabSize = Integer("vocab_size"),
            RmsNormEps = Number(root, "rms_norm_eps", 1e-6),
            RopeTheta = ReadRopeTheta(),
            TieWordEmbeddings = Boolean("tie_word_embeddings"),
            MaxPositionEmbeddings = Integer("max_position_embeddings", type == "llama" ? 2048 : 32_768),
            BosTokenId = Get("bos_token_id") is null ? null : Integer("bos_token_id"),
            EosTokenIds = ReadEosTokenIds(),
        };
    }

    private int DefaultHeadDim(string type, int hidden, int heads)
    {
        if (Get("head_dim") is not null) return 0;
        if (type == "qwen3") return 128;
        return heads > 0 && hidden % heads == 0
            ? hidden / heads
            : throw new CheckpointException(file, $"hidden_size = {hidden} is no multiple of num_attention_heads = {heads}, and head_dim is missing");
    }

    private void RefuseUnsupported(string type)
    {
        if (Get("hidden_act") is { } act && !(act.ValueKind == JsonValueKind.String && act.GetString() == "silu"))
            throw Unsupported("hidden_act", act, "silu");
        // In Llama and Qwen3 this flag also puts a bias on the output projection; Qwen2 ignores it.
        if (type != "qwen2") RefuseTrue("attention_bias");
        RefuseTrue("mlp_bias");
        RefuseTrue("use_sliding_window");
        if (Get("quantization_config") is { } quantization) throw Unsupported("quantization_config", quantization, "null");
        if (Get("rope_scaling") is { } scaling) RefuseScaledRope("rope_scaling", scaling);
        if (Number(root, "partial_rotary_factor", 1) != 1) throw Unsupported("partial_rotary_factor", Get("partial_rotary_factor")!.Value, "1");
        if (Get("layer_types") is { } layers) RefuseSlidingLayers(layers);
    }

    private void RefuseSlidingLayers(JsonElement layers)
    {
        if (layers.ValueKind != JsonValueKind.Array || layers.EnumerateArray().Any(layer => !layer.ValueEquals("full_attention")))
            throw Unsupported("layer_types", layers, "full_attention in every layer");
    }

    private void RefuseTrue(string field)
    {
        if (Boolean(field)) throw Unsupported(field, Get(field)!.Value, "false");
    }

    private void RefuseScaledRope(string field, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object) throw Unsupported(field, value, "null");
        foreach (var key in new[] { "rope_type", "type" })
            if (value.TryGetProperty(key, out var kind) && !(kind.ValueKind == JsonValueKind.String && kind.ValueEquals("default")))
                throw Unsupported($"{field}.{key}", kind, "default (or null)");
        if (value.TryGetProperty("factor", out var factor)) throw Unsupported($"{field}.factor", factor, "no factor");
    }

    private double ReadRopeTheta()
    {
        if (Get("rope_parameters") is not { } parameters) return Number(root, "rope_theta", 10_000);
        RefuseScaledRope("rope_parameters", parameters);
        return Number(parameters, "rope_theta", Number(root, "rope_theta", 10_000));
    }

    private int[] ReadEosTokenIds() => Get("eos_token_id") switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(id => Integer("eos_token_id", id))],
        { } single => [Integer("eos_token_id", single)],
    };

    private int Integer(string field, int? fallback = null) =>
        Get(field) is { } value ? Integer(field, value) : fallback ?? throw new CheckpointException(file, $"{field} is missing");

    private int Integer(string field, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw Unsupported(field, value, "an integer");

    private double Number(JsonElement parent, string field, double fallback)
    {
        if (!parent.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null) return fallback;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number : throw Unsupported(field, value, "a number");
    }

    private bool Boolean(string field) => Get(field) switch
    {
        null or { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.True } => true,
        { } value => throw Unsupported(field, value, "true or false"),
    };

    /// <summary>The field's value; null where it is absent or null.</summary>
    private JsonElement? Get(string field) =>
        root.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private CheckpointException Unsupported(string field, JsonElement value, string supported)
    {
        var text = value.GetRawText();
        return new(file, $"{field} = {(text.Length > 100 ? text[..100] + "..." : text)} is not supported: expected {supported}");
    }
}
