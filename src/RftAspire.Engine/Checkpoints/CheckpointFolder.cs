using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using RftAspire.Engine.Checkpoints.Gguf;
using RftAspire.Engine.Model;

namespace RftAspire.Engine.Checkpoints;

/// <summary>A Hugging Face model folder: config.json, model.safetensors (whole or in shards) and the tokenizer's files.</summary>
public static class CheckpointFolder
{
    private static readonly string[] TokenizerFiles =
    [
        "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json",
        "generation_config.json", "chat_template.jinja",
    ];

    /// <summary>The weights, converted from the mapped files straight into their places; a caller's to dispose.</summary>
    /// <exception cref="CheckpointException">A file is missing or malformed, or the tensors are not those that the config asks for.</exception>
    public static Parameters Load(string folder)
    {
        var layout = new ParameterLayout(ModelConfig.Load(Path.Combine(folder, "config.json")));
        using var shards = CheckpointShards.Open(folder);
        shards.Check(layout);
        var parameters = new Parameters(layout);
        shards.Read(parameters);
        return parameters;
    }

    /// <summary>Replaces the values of <paramref name="parameters"/> by those of a folder of the same architecture.</summary>
    /// <exception cref="CheckpointException">As in <see cref="Load"/>.</exception>
    public static void ReadWeights(string folder, Parameters parameters)
    {
        using var shards = CheckpointShards.Open(folder);
        shards.Check(parameters.Layout);
        shards.Read(parameters);
    }

    /// <summary>
    /// Writes the model into a folder that appears under its name only when it is whole and on disk. An earlier folder of that
    /// name is replaced. The tokenizer's files come from the folder <paramref name="copyTokenizerFrom"/>, if one is given, and its
    /// chat template from the file <paramref name="chatTemplate"/> instead, if that is given.
    /// </summary>
    public static void Save(string folder, Parameters parameters, DType storeAs, string? copyTokenizerFrom = null, string? chatTemplate = null) =>
        Save(folder, parameters, storeAs, temporary =>
        {
            CopyTokenizer(copyTokenizerFrom, temporary);
            // This file goes before a template in tokenizer_config.json.
            if (chatTemplate is not null) File.Copy(chatTemplate, Path.Combine(temporary, "chat_template.jinja"), overwrite: true);
        });

    /// <summary>Makes a folder of the model in a GGUF file, as <see cref="Save(string, Parameters, DType, string?, string?)"/> does.</summary>
    /// <param name="file">The model and, where it is byte-level BPE, its tokenizer.</param>
    /// <param name="folder">The folder to make; an earlier one is replaced.</param>
    /// <param name="storeAs">F32 keeps every value.</param>
    /// <param name="copyTokenizerFrom">A folder whose tokenizer is taken instead of the file's.</param>
    /// <exception cref="CheckpointException">The file holds a model or a tokenizer that the engine does not have.</exception>
    public static void ImportGguf(GgufFile file, string folder, DType storeAs = DType.F32, string? copyTokenizerFrom = null)
    {
        var tokenizer = copyTokenizerFrom is null ? GgufTokenizer.Find(file) : null;
        using var parameters = new GgufModel(file).Load();
        Save(folder, parameters, storeAs, temporary =>
        {
            tokenizer?.Write(temporary);
            CopyTokenizer(copyTokenizerFrom, temporary);
        });
    }

    private static void Save(string folder, Parameters parameters, DType storeAs, Action<string> addTokenizer)
    {
        parameters.Layout.Config.Check();
        WriteFolder(folder, temporary =>
        {
            SafetensorsFile.Write(Path.Combine(temporary, "model.safetensors"), Tensors(parameters), storeAs,
                new Dictionary<string, string> { ["format"] = "pt" });
            WriteDurably(Path.Combine(temporary, "config.json"), Encoding.UTF8.GetBytes(parameters.Layout.Config.ToJson(storeAs)));
            addTokenizer(temporary);
        });
    }

    /// <summary>Fills a temporary folder and gives it its name only then; an earlier one is replaced.</summary>
    internal static void WriteFolder(string folder, Action<string> fill)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            fill(temporary);
            Replace(temporary, target);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>
    /// The sha256 (lower-case hex) of the values as little-endian float32, row-major, tensor after tensor in ordinal order of the
    /// names. It depends on the values alone: not on the stored type, the shards or the file's header.
    /// </summary>
    public static string WeightsDigest(ParameterVector parameters)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var tensor in parameters.Layout.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            var values = parameters.Tensor(tensor);
            for (var start = 0; start < values.Length; start += 1 << 20)
                hash.AppendData(MemoryMarshal.AsBytes(values.Slice(start, Math.Min(1 << 20, values.Length - start))));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    internal static IEnumerable<StoredTensor> Tensors(ParameterVector parameters) =>
        parameters.Layout.Tensors.Select(tensor => new StoredTensor(tensor.Name, tensor.Shape, () => parameters.Tensor(tensor)));

    private static void CopyTokenizer(string? from, string to)
    {
        if (from is null) return;
        foreach (var name in TokenizerFiles)
            if (File.Exists(Path.Combine(from, name)))
                WriteDurably(Path.Combine(to, name), File.ReadAllBytes(Path.Combine(from, name)));
    }

    internal static void WriteDurably(string path, byte[] content)
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
