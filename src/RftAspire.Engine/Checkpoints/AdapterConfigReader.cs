using System.Text.Json;
using RftAspire.Engine.Model;

namespace RftAspire.Engine.Checkpoints;

/// <summary>Reads the fields of an adapter_config.json and refuses those that would make another computation than the engine's.</summary>
internal sealed class AdapterConfigReader(string file, JsonElement root)
{
    /// <summary>Fields that are read below, or that say where an adapter comes from and how it was trained, not what it computes.</summary>
    private static readonly string[] s_known =
    [
        "peft_type", "r", "lora_alpha", "use_rslora", "target_modules", "bias", "init_lora_weights",
        "auto_mapping", "base_model_name_or_path", "ensure_weight_tying", "inference_mode", "lora_dropout", "megatron_core", "peft_version",
        "qalora_group_size", "revision", "task_type",
    ];

    /// <exception cref="CheckpointException">The file is missing, malformed, or describes an adapter that the engine does not have.</exception>
    public static LoraSettings Load(string path, ModelConfig config)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            var settings = new AdapterConfigReader(path, document.RootElement).Read();
            settings.Check(config, path);
            return settings;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"cannot be read: {fault.Message}", fault);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(path, $"is no valid JSON: {fault.Message}", fault);
        }
    }

    private LoraSettings Read()
    {
        if (root.ValueKind != JsonValueKind.Object) throw new CheckpointException(file, $"is {root.ValueKind}, not an object");
        RefuseUnsupported();
        if (Get("r") is not { ValueKind: JsonValueKind.Number } r || !r.TryGetInt32(out var rank)) throw Unsupported("r", "an integer");
        if (Get("lora_alpha") is not { ValueKind: JsonValueKind.Number } number || !number.TryGetDouble(out var alpha)) throw Unsupported("lora_alpha", "a number");
        return new LoraSettings(rank, alpha, ReadTargets()) { RankStabilized = Get("use_rslora").ValueKind == JsonValueKind.True };
    }

    /// <summary>Whatever is unknown may only be switched off: DoRA, patterns of ranks, modules that are saved whole and what is yet to come.</summary>
    private void RefuseUnsupported()
    {
        if (!IsText("peft_type", "LORA")) throw Unsupported("peft_type", "\"LORA\"");
        if (!IsOff("bias") && !IsText("bias", "none")) throw Unsupported("bias", "\"none\"");
        if (!IsOff("use_rslora") && Get("use_rslora").ValueKind != JsonValueKind.True) throw Unsupported("use_rslora", "true or false");
        // Other ways to draw A change the base model as well.
        if (!IsOff("init_lora_weights") && Get("init_lora_weights").ValueKind != JsonValueKind.True && !IsText("init_lora_weights", "gaussian"))
            throw Unsupported("init_lora_weights", "true, false or \"gaussian\"");
        foreach (var field in root.EnumerateObject())
            if (!s_known.Contains(field.Name) && !IsOff(field.Name)) throw Unsupported(field.Name, "null, false or nothing in it");
    }

    private string[]? ReadTargets()
    {
        if (IsText("target_modules", "all-linear")) return null;
        var list = Get("target_modules");
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(name => name.ValueKind != JsonValueKind.String))
            throw Unsupported("target_modules", "a list of projections or \"all-linear\"");
        return [.. list.EnumerateArray().Select(name => name.GetString()!)];
    }

    private JsonElement Get(string field) => root.TryGetProperty(field, out var value) ? value : default;

    private bool IsText(string field, string text) => Get(field) is { ValueKind: JsonValueKind.String } value && value.GetString() == text;

    private bool IsOff(string field) => Get(field) is var value && value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    };

    private CheckpointException Unsupported(string field, string supported)
    {
        if (Get(field).ValueKind == JsonValueKind.Undefined) return new(file, $"{field} is missing: expected {supported}");
        var text = Get(field).GetRawText();
        return new(file, $"{field} = {(text.Length > 100 ? text[..100] + "..." : text)} is not supported: expected {supported}");
    }
}
