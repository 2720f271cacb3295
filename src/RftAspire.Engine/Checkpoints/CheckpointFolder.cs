using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace RftAspire.Engine.Checkpoints;

/// <summary>A Hugging Face model folder: config.json, model.safetensors (whole or in shards) and the tokenizer's files.</summary>
public static class CheckpointFolder
{
    private static readonly string[] TokenizerFiles =
    [
        "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json",
        "generation_config.json", "chat_template.jinja",
    ];

    /// <exception cref="CheckpointException">A file is missing or malformed, or the tensors are not those that the config asks for.</exception>
    public static Checkpoint Load(string folder)
    {
        var config = ModelConfig.Load(Path.Combine(folder, "config.json"));
        using var shards = CheckpointShards.Open(folder);
        var weights = new SortedDictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var (name, shape) in TensorShapes(config)) weights.Add(name, shards.Read(name, shape));
        shards.RefuseUnexpected(config, weights);
        return new Checkpoint(config, weights);
    }

    /// <summary>
    /// Writes the model into a folder that appears under its name only when it is whole and on disk. An earlier folder of that
    /// name is replaced. The tokenizer's files come from the folder <paramref name="copyTokenizerFrom"/>, if one is given.
    /// </summary>
    public static void Save(string folder, ModelConfig config, IReadOnlyDictionary<string, float[]> weights, DType storeAs,
        string? copyTokenizerFrom = null)
    {
        config.Check();
        var tensors = Pair(folder, config, weights);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            SafetensorsFile.Write(Path.Combine(temporary, "model.safetensors"), tensors, storeAs,
                new Dictionary<string, string> { ["format"] = "pt" });
            WriteDurably(Path.Combine(temporary, "config.json"), Encoding.UTF8.GetBytes(config.ToJson(storeAs)));
            if (copyTokenizerFrom is not null) CopyTokenizer(copyTokenizerFrom, temporary);
            Replace(temporary, target);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>The tensors that a model of this architecture has; linear layers are [out, in].</summary>
    public static IEnumerable<(string Name, long[] Shape)> TensorShapes(ModelConfig config)
    {
        yield return ("model.embed_tokens.weight", [config.VocabSize, config.HiddenSize]);
        for (var layer = 0; layer < config.Layers; layer++)
            foreach (var (name, shape) in LayerShapes(config)) yield return ($"model.layers.{layer}.{name}", shape);
        yield return ("model.norm.weight", [config.HiddenSize]);
        if (!config.TieWordEmbeddings) yield return ("lm_head.weight", [config.VocabSize, config.HiddenSize]);
    }

    /// <summary>
    /// The sha256 (lower-case hex) of the values as little-endian float32, row-major, tensor after tensor in ordinal order of the
    /// names. It depends on the values alone: not on the stored type, the shards or the file's header.
    /// </summary>
    public static string WeightsDigest(IReadOnlyDictionary<string, float[]> weights)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, values) in weights.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            for (var start = 0; start < values.Length; start += 1 << 20)
                hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan(start, Math.Min(1 << 20, values.Length - start))));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IEnumerable<(string Name, long[] Shape)> LayerShapes(ModelConfig config)
    {
        long hidden = config.HiddenSize, inner = config.IntermediateSize;
        long queries = (long)config.Heads * config.HeadDim, keys = (long)config.KvHeads * config.HeadDim;
        yield return ("input_layernorm.weight", [hidden]);
        foreach (var (name, rows) in new[] { ("q", queries), ("k", keys), ("v", keys) })
        {
            yield return ($"self_attn.{name}_proj.weight", [rows, hidden]);
            if (config.QkvBias) yield return ($"self_attn.{name}_proj.bias", [rows]);
            if (config.QkNorm && name != "v") yield return ($"self_attn.{name}_norm.weight", [config.HeadDim]);
        }
        yield return ("self_attn.o_proj.weight", [hidden, queries]);
        yield return ("post_attention_layernorm.weight", [hidden]);
        yield return ("mlp.gate_proj.weight", [inner, hidden]);
        yield return ("mlp.up_proj.weight", [inner, hidden]);
        yield return ("mlp.down_proj.weight", [hidden, inner]);
    }

    private static List<(string Name, long[] Shape, float[] Values)> Pair(string folder, ModelConfig config,
        IReadOnlyDictionary<string, float[]> weights)
    {
        var tensors = new List<(string, long[], float[])>();
        foreach (var (name, shape) in TensorShapes(config))
        {
            if (!weights.TryGetValue(name, out var values)) throw new CheckpointException(folder, $"tensor '{name}' is missing");
            tensors.Add((name, shape, values));
        }
        if (tensors.Count == weights.Count) return tensors;
        var unexpected = weights.Keys.Except(tensors.Select(tensor => tensor.Item1)).Order(StringComparer.Ordinal).First();
        throw new CheckpointException(folder, $"unexpected tensor '{unexpected}'");
    }

    private static void CopyTokenizer(string from, string to)
    {
        foreach (var name in TokenizerFiles)
            if (File.Exists(Path.Combine(from, name)))
                WriteDurably(Path.Combine(to, name), File.ReadAllBytes(Path.Combine(from, name)));
    }

    private static void WriteDurably(string path, byte[] content)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        stream.Write(content);
        stream.Flush(flushToDisk: true);
    }

    private static void Replace(string temporary, string target)
    {
        if (!Directory.Exists(target))
        {
            Directory.Move(temporary, target);
            return;
        }
        // A folder cannot be renamed onto another: the old one steps aside first, so a reader never sees a mixture.
        var old = $"{target}.{Guid.NewGuid():N}.old";
        Directory.Move(target, old);
        Directory.Move(temporary, target);
        Directory.Delete(old, recursive: true);
    }
}
