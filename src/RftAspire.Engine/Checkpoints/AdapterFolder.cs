using System.Text;
using System.Text.Json;
using RftAspire.Engine.Model;

namespace RftAspire.Engine.Checkpoints;

/// <summary>A low-rank adapter as PEFT keeps it: adapter_config.json and adapter_model.safetensors.</summary>
public static class AdapterFolder
{
    private const string ConfigFile = "adapter_config.json", TensorFile = "adapter_model.safetensors";

    /// <summary>The adapter in a folder, a caller's to dispose.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="config">The model that it is for.</param>
    /// <exception cref="CheckpointException">A file is missing or malformed, or it is no adapter of that model that the engine has.</exception>
    public static LoraAdapter Load(string folder, ModelConfig config)
    {
        var adapter = new LoraAdapter(new LoraLayout(config, AdapterConfigReader.Load(Path.Combine(folder, ConfigFile), config)));
        try
        {
            Read(folder, adapter);
            return adapter;
        }
        catch
        {
            adapter.Dispose();
            throw;
        }
    }

    /// <summary>Takes the values of an adapter of the same shape from a folder.</summary>
    /// <exception cref="CheckpointException">The file is missing or malformed, or of another shape.</exception>
    public static void Read(string folder, LoraAdapter adapter)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, TensorFile));
        Check(Path.Combine(folder, TensorFile), file, adapter.Layout);
        foreach (var tensor in adapter.Layout.Tensors) file.Read(tensor.Name, adapter.Tensor(tensor));
    }

    /// <summary>Writes the adapter into a folder that appears under its name only when it is whole and on disk; an earlier one is replaced.</summary>
    /// <param name="folder">The folder to make.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="storeAs">F32 keeps every value.</param>
    /// <param name="baseModel">What the adapter's readers are told to load first: a folder or a name on the Hub.</param>
    public static void Save(string folder, LoraAdapter adapter, DType storeAs = DType.F32, string? baseModel = null) =>
        CheckpointFolder.WriteFolder(folder, temporary =>
        {
            SafetensorsFile.Write(Path.Combine(temporary, TensorFile), CheckpointFolder.Tensors(adapter), storeAs, new Dictionary<string, string> { ["format"] = "pt" });
            CheckpointFolder.WriteDurably(Path.Combine(temporary, ConfigFile), Encoding.UTF8.GetBytes(ToJson(adapter.Layout, baseModel)));
        });

    /// <summary>Refuses tensors that are not those of the layout before memory is taken for them.</summary>
    private static void Check(string path, SafetensorsFile file, LoraLayout layout)
    {
        foreach (var tensor in layout.Tensors)
        {
            var info = file.FindFloats(tensor.Name);
            if (!info.Shape.AsSpan().SequenceEqual(tensor.Shape))
                throw new CheckpointException(path, tensor.Name, info.Begin, $"has shape [{string.Join(", ", info.Shape)}], expected [{string.Join(", ", tensor.Shape)}]");
        }
        var expected = layout.Tensors.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        if (file.Tensors.Values.FirstOrDefault(tensor => !expected.Contains(tensor.Name)) is { } unexpected)
            throw new CheckpointException(path, unexpected.Name, unexpected.Begin, $"unexpected tensor: an adapter of {string.Join(", ", layout.Targets)} has none of that name");
    }

    private static string ToJson(LoraLayout layout, string? baseModel)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" })) Write(json, layout, baseModel);
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter json, LoraLayout layout, string? baseModel)
    {
        json.WriteStartObject();
        json.WriteString("base_model_name_or_path", baseModel);
        json.WriteString("bias", "none");
        json.WriteBoolean("fan_in_fan_out", false);
        json.WriteBoolean("inference_mode", true);
        json.WriteBoolean("init_lora_weights", true);
        json.WriteNumber("lora_alpha", layout.Settings.Alpha);
        json.WriteNumber("lora_dropout", 0.0);
        json.WriteNull("modules_to_save");
        json.WriteString("peft_type", "LORA");
        json.WriteNumber("r", layout.Settings.Rank);
        json.WriteStartArray("target_modules");
        foreach (var target in layout.Targets) json.WriteStringValue(target);
        json.WriteEndArray();
        json.WriteString("task_type", "CAUSAL_LM");
        json.WriteBoolean("use_dora", false);
        json.WriteBoolean("use_rslora", layout.Settings.RankStabilized);
        json.WriteEndObject();
    }
}
