using System.Text.Json;
using RftAspire.Engine.Model;

namespace RftAspire.Engine.Checkpoints;

/// <summary>The safetensors files of one model folder: model.safetensors, else those that model.safetensors.index.json names.</summary>
internal sealed class CheckpointShards : IDisposable
{
    private const string Single = "model.safetensors";
    private const string Index = "model.safetensors.index.json";

    private readonly string _folder;
    private readonly SortedDictionary<string, SafetensorsFile> _files = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _fileOf = new(StringComparer.Ordinal);

    private CheckpointShards(string folder) => _folder = folder;

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

    /// <summary>Refuses files whose tensors are not those of the layout; nothing is read yet, and memory for it need not be taken.</summary>
    public void Check(ParameterLayout layout)
    {
        foreach (var tensor in layout.Tensors) Check(tensor.Name, tensor.Shape);
        var expected = layout.Tensors.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, file) in _fileOf)
        {
            if (expected.Contains(name) || IsDerived(layout.Config, name)) continue;
            throw new CheckpointException(Path.Combine(_folder, file), name, _files[file].Tensors[name].Begin,
                $"unexpected tensor: a {layout.Config.ModelType} model of this config has none of that name");
        }
    }

    /// <summary>Puts every tensor in its place.</summary>
    public void Read(Parameters parameters)
    {
        foreach (var tensor in parameters.Layout.Tensors) FileOf(tensor.Name).Read(tensor.Name, parameters.Tensor(tensor));
    }

    public void Dispose()
    {
        foreach (var file in _files.Values) file.Dispose();
    }

    private void Check(string name, long[] shape)
    {
        var info = FileOf(name).FindFloats(name);
        if (info.Shape.AsSpan().SequenceEqual(shape)) return;
        throw new CheckpointException(Path.Combine(_folder, _fileOf[name]), name, info.Begin,
            $"has shape [{string.Join(", ", info.Shape)}], the config asks for [{string.Join(", ", shape)}]");
    }

    private SafetensorsFile FileOf(string name) =>
        _fileOf.TryGetValue(name, out var file) ? _files[file] : throw new CheckpointException(_folder, $"tensor '{name}' is missing");

    /// <summary>Old checkpoints carry the rotary frequencies, and some tied ones a second copy of the embedding.</summary>
    private bool IsDerived(ModelConfig config, string name)
    {
        const string embedding = "model.embed_tokens.weight";
        if (name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)) return true;
        return name == "lm_head.weight" && config.TieWordEmbeddings && FileOf(name).StoresTheSame(name, FileOf(embedding), embedding);
    }

    private void Add(string file)
    {
        _files.Add(file, SafetensorsFile.Open(Path.Combine(_folder, file)));
        foreach (var name in _files[file].Tensors.Keys)
            if (!_fileOf.TryAdd(name, file))
                throw new CheckpointException(Path.Combine(_folder, file), $"tensor '{name}' is also in {_fileOf[name]}");
    }

    private void AddIndexed(string index)
    {
        var mapped = ReadIndex(index);
        foreach (var file in mapped.Values.Distinct().Order(StringComparer.Ordinal)) Add(file);
        foreach (var (name, file) in mapped)
            if (!_fileOf.TryGetValue(name, out var actual) || actual != file)
                throw new CheckpointException(index, $"tensor '{name}' is not in {file}");
        if (_fileOf.Keys.FirstOrDefault(name => !mapped.ContainsKey(name)) is { } unmapped)
            throw new CheckpointException(index, $"tensor '{unmapped}' of {_fileOf[unmapped]} is not in the index");
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
