using System.Text.Json;

namespace RftAspire.Engine.Checkpoints;

/// <summary>The safetensors files of one model folder: model.safetensors, else those that model.safetensors.index.json names.</summary>
internal sealed class CheckpointShards : IDisposable
{
    private const string Single = "model.safetensors";
    private const string Index = "model.safetensors.index.json";

    private readonly string folder;
    private readonly SortedDictionary<string, SafetensorsFile> files = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> fileOf = new(StringComparer.Ordinal);

    private CheckpointShards(string folder) => this.folder = folder;

    public static CheckpointShards Open(string folder)
    {
        var shards = new CheckpointShards(folder);
        try
        {
            if (File.Exists(Path.Combine(folder, Single))) shards.Add(Single);
            else if (File.Exists(Path.Combine(folder, Index))) shards.AddIndexed(Path.Combine(folder, Index));
            else throw new CheckpointException(folder, $"holds neither {Single} nor {Index}");
            return shards;
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    public float[] Read(string name, long[] shape)
    {
        if (!fileOf.TryGetValue(name, out var file)) throw new CheckpointException(folder, $"tensor '{name}' is missing");
        var info = files[file].Tensors[name];
        if (!info.Shape.AsSpan().SequenceEqual(shape))
            throw new CheckpointException(Path.Combine(folder, file), name, info.Begin,
                $"has shape [{string.Join(", ", info.Shape)}], the config asks for [{string.Join(", ", shape)}]");
        return files[file].ReadFloats(name);
    }

    public void RefuseUnexpected(ModelConfig config, SortedDictionary<string, float[]> weights)
    {
        foreach (var (name, file) in fileOf)
        {
            if (weights.ContainsKey(name) || IsDerived(config, weights, name)) continue;
            throw new CheckpointException(Path.Combine(folder, file), name, files[file].Tensors[name].Begin,
                $"unexpected tensor: a {config.ModelType} model of this config has none of that name");
        }
    }

    public void Dispose()
    {
        foreach (var file in files.Values) file.Dispose();
    }

    /// <summary>Old checkpoints carry the rotary frequencies, and some tied ones a second copy of the embedding.</summary>
    private bool IsDerived(ModelConfig config, SortedDictionary<string, float[]> weights, string name)
    {
        if (name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)) return true;
        if (name != "lm_head.weight" || !config.TieWordEmbeddings) return false;
        return Read(name, [config.VocabSize, config.HiddenSize]).AsSpan().SequenceEqual(weights["model.embed_tokens.weight"]);
    }

    private void Add(string file)
    {
        files.Add(file, SafetensorsFile.Open(Path.Combine(folder, file)));
        foreach (var name in files[file].Tensors.Keys)
            if (!fileOf.TryAdd(name, file))
                throw new CheckpointException(Path.Combine(folder, file), $"tensor '{name}' is also in {fileOf[name]}");
    }

    private void AddIndexed(string index)
    {
        var mapped = ReadIndex(index);
        foreach (var file in mapped.Values.Distinct().Order(StringComparer.Ordinal)) Add(file);
        foreach (var (name, file) in mapped)
            if (!fileOf.TryGetValue(name, out var actual) || actual != file)
                throw new CheckpointException(index, $"tensor '{name}' is not in {file}");
        if (fileOf.Keys.FirstOrDefault(name => !mapped.ContainsKey(name)) is { } unmapped)
            throw new CheckpointException(index, $"tensor '{unmapped}' of {fileOf[unmapped]} is not in the index");
    }

    private static SortedDictionary<string, string> ReadIndex(string index)
    {
        try
        {
            using var stream = File.OpenRead(index);
            using var json = JsonDocument.Parse(stream, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var mapped = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in json.RootElement.GetProperty("weight_map").EnumerateObject())
                mapped.Add(entry.Name, PlainName(index, entry.Name, entry.Value.GetString()));
            return mapped;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(index, $"is no index with a weight_map of tensor to file name: {fault.Message}", fault);
        }
    }

    /// <summary>The index comes with the model, so it must not lead out of the folder.</summary>
    private static string PlainName(string index, string tensor, string? file)
    {
        var plain = file is { Length: > 0 } && file.EndsWith(".safetensors", StringComparison.Ordinal)
            && file.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
        return plain ? file! : throw new CheckpointException(index, $"tensor '{tensor}' is mapped to '{file}', which is no plain .safetensors file name");
    }
}
