using System.Text.Json;

namespace RftAspire.Engine.Checkpoints;

/// <summary>Reads the fields of a config.json and refuses those that would make another computation than the engine's.</summary>
internal sealed partial class ModelConfigReader(string file, JsonElement root)
{
    public static readonly string[] Families = ["llama", "mistral", "phi3", "qwen2", "qwen3"];

    public static string FamilyNames { get; } = $"{string.Join(", ", Families[..^1])} and {Families[^1]}";

    private string Family => Get("model_type") is { ValueKind: JsonValueKind.String } name && Families.Contains(name.GetString())
        ? name.GetString()!
        : throw new CheckpointException(file, $"model_type = {Get("model_type")?.GetRawText() ?? "null"} is not supported: {FamilyNames} are");

    public ModelConfig Read()
    {
        if (root.ValueKind != JsonValueKind.Object) throw new CheckpointException(file, $"is {root.ValueKind}, not an object");
        var heads = Integer("num_attention_heads");
        var hidden = Integer("hidden_size");
        var layers = Integer("num_hidden_layers");
        RefuseUnsupported();
        var rope = ReadRope();
        return new ModelConfig
        {
            ModelType = Family,
            HiddenSize = hidden,
            IntermediateSize = Integer("intermediate_size"),
            Layers = layers,
            Heads = heads,
            KvHeads = Integer("num_key_value_heads", heads),
            HeadDim = Integer("head_dim", DefaultHeadDim(hidden, heads)),
            VocabSize = Integer("vocab_size"),
            RmsNormEps = Number(root, "rms_norm_eps", Family == "phi3" ? 1e-5 : 1e-6),
            RopeTheta = rope.Theta,
            RopeScaling = rope.Scaling,
            SlidingWindow = ReadSlidingWindow(layers),
            TieWordEmbeddings = Boolean("tie_word_embeddings"),
            MaxPositionEmbeddings = MaxPositions(),
            BosTokenId = Get("bos_token_id") is null ? null : Integer("bos_token_id"),
            EosTokenIds = ReadEosTokenIds(),
        };
    }

    private int DefaultHeadDim(int hidden, int heads)
    {
        if (Get("head_dim") is not null) return 0;
        if (Family == "qwen3") return 128;
        return heads > 0 && hidden % heads == 0
            ? hidden / heads
            : throw new CheckpointException(file, $"hidden_size = {hidden} is no multiple of num_attention_heads = {heads}, and head_dim is missing");
    }

    private void RefuseUnsupported()
    {
        if (Get("hidden_act") is { } act && !(act.ValueKind == JsonValueKind.String && act.GetString() == "silu"))
            throw Unsupported("hidden_act", act, "silu");
        // In Llama and Qwen3 this flag also puts a bias on the output projection; Qwen2 ignores it.
        if (Family != "qwen2") RefuseTrue("attention_bias");
        RefuseTrue("mlp_bias");
        if (Get("quantization_config") is { } quantization) throw Unsupported("quantization_config", quantization, "null");
    }

    private void RefuseTrue(string field)
    {
        if (Boolean(field)) throw Unsupported(field, Get(field)!.Value, "false");
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
