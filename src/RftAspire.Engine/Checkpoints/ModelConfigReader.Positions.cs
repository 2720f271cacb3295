using System.Text.Json;

namespace RftAspire.Engine.Checkpoints;

internal sealed partial class ModelConfigReader
{
    private int MaxPositions() => Integer("max_position_embeddings", Family switch
    {
        "llama" => 2048,
        "mistral" => 131_072,
        "phi3" => 4096,
        _ => 32_768,
    });

    /// <summary>Both spellings: rope_scaling beside rope_theta, and the rope_parameters of newer files that holds both.</summary>
    private (double Theta, RopeScaling? Scaling) ReadRope()
    {
        var theta = Number(root, "rope_theta", 10_000);
        if (Number(root, "partial_rotary_factor", 1) != 1) throw Unsupported("partial_rotary_factor", Get("partial_rotary_factor")!.Value, "1");
        var newer = ReadRope("rope_parameters", theta);
        var older = ReadRope("rope_scaling", newer?.Theta ?? theta);
        if (newer is not null && older is not null && newer != older) throw Unsupported("rope_scaling beside other rope_parameters", Get("rope_scaling")!.Value, "one of them, or the same in both");
        return newer ?? older ?? (theta, null);
    }

    private (double Theta, RopeScaling? Scaling)? ReadRope(string field, double theta)
    {
        if (Get(field) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Object) throw Unsupported(field, value, "an object or null");
        foreach (var entry in value.EnumerateObject())
            if (entry.Value.ValueKind == JsonValueKind.Object) throw Unsupported($"{field}.{entry.Name}", entry.Value, "one scaling for all layers");
        if (Number(value, "partial_rotary_factor", 1) != 1) throw Unsupported($"{field}.partial_rotary_factor", value.GetProperty("partial_rotary_factor"), "1");
        return (Number(value, "rope_theta", theta), ReadScaling(field, value));
    }

    private RopeScaling? ReadScaling(string field, JsonElement value)
    {
        double Field(string name, double? fallback = null)
        {
            var number = Number(value, name, fallback ?? double.NaN);
            return double.IsNaN(number) ? throw new CheckpointException(file, $"{field}.{name} is missing") : number;
        }
        int Original(int? fallback) => Field("original_max_position_embeddings", fallback) is var number && number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue
            ? (int)number
            : throw Unsupported($"{field}.original_max_position_embeddings", value.GetProperty("original_max_position_embeddings"), "an integer");
        switch (RopeType(field, value))
        {
            case "linear": return new LinearRopeScaling(Field("factor"));
            case "llama3": return new Llama3RopeScaling(Field("factor"), Field("low_freq_factor"), Field("high_freq_factor"), Original(null));
            case "yarn":
                foreach (var other in new[] { "mscale", "mscale_all_dim" })
                    if (Number(value, other, 0) != 0) throw Unsupported($"{field}.{other}", value.GetProperty(other), "attention_factor instead");
                var attention = Number(value, "attention_factor", double.NaN);
                return new YarnRopeScaling(Field("factor"), Original(MaxPositions()), double.IsNaN(attention) ? null : attention,
                    Field("beta_fast", 32), Field("beta_slow", 1), !value.TryGetProperty("truncate", out var truncate) || truncate.ValueKind != JsonValueKind.False);
            default:
                if (value.TryGetProperty("factor", out var factor)) throw Unsupported($"{field}.factor", factor, "no factor without a rope_type that has one");
                return null;
        }
    }

    /// <summary>The type under either of its names; null where there is none.</summary>
    private string? RopeType(string field, JsonElement value)
    {
        string? type = null;
        foreach (var key in new[] { "rope_type", "type" })
        {
            if (!value.TryGetProperty(key, out var kind) || kind.ValueKind == JsonValueKind.Null) continue;
            var name = kind.ValueKind == JsonValueKind.String ? kind.GetString() : null;
            if (name is not ("default" or "linear" or "llama3" or "yarn") || name != (type ?? name)) throw Unsupported($"{field}.{key}", kind, "one of default, linear, llama3 and yarn");
            type = name;
        }
        return type;
    }

    /// <summary>The window of a model that has the same one in every layer; null for full attention everywhere.</summary>
    private int? ReadSlidingWindow(int layers)
    {
        var window = Family switch
        {
            "mistral" => root.TryGetProperty("sliding_window", out _) ? OptionalInteger("sliding_window") : 4096,
            "phi3" => OptionalInteger("sliding_window"),
            "llama" => Boolean("use_sliding_window") ? throw Unsupported("use_sliding_window", Get("use_sliding_window")!.Value, "false") : null,
            _ => ReadQwenWindow(layers),
        };
        var kind = window is null ? "full_attention" : "sliding_attention";
        if (Get("layer_types") is { } kinds && (kinds.ValueKind != JsonValueKind.Array || kinds.EnumerateArray().Any(each => each.ValueKind != JsonValueKind.String || !each.ValueEquals(kind))))
            throw Unsupported("layer_types", kinds, $"{kind} in every layer, as the other fields say");
        return window;
    }

    /// <summary>Qwen's layers from max_window_layers on have the window.</summary>
    private int? ReadQwenWindow(int layers)
    {
        if (!Boolean("use_sliding_window")) return null;
        var first = Integer("max_window_layers", 28);
        if (first >= layers) return null;
        if (first > 0) throw Unsupported("use_sliding_window", Get("use_sliding_window")!.Value, $"false, for max_window_layers = {first} of {layers} layers makes layers with and without a window");
        return root.TryGetProperty("sliding_window", out _) ? OptionalInteger("sliding_window") : 4096;
    }

    private int? OptionalInteger(string field) => Get(field) is { } value ? Integer(field, value) : null;
}
