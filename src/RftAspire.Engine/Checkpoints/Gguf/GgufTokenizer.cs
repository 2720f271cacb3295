using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Checkpoints.Gguf;

/// <summary>The byte-level BPE tokenizer in a GGUF file, as tokenizer.json and tokenizer_config.json.</summary>
internal sealed class GgufTokenizer
{
    private const int Normal = 1, Control = 3, UserDefined = 4, Unused = 5;

    // The rules that tokenizer.ggml.pre names; published with each model's tokenizer.json.
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Qwen2 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Llama3 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly GgufFile _file;
    private readonly GgufMetadata _metadata;
    private readonly string[] _splits;
    private readonly string[] _tokens;
    private readonly long[] _types;

    private GgufTokenizer(GgufFile file, GgufMetadata metadata)
    {
        (_file, _metadata) = (file, metadata);
        _splits = metadata.Text("tokenizer.ggml.pre") switch
        {
            "gpt-2" => [Gpt2],
            "qwen2" => [Qwen2],
            "llama-bpe" => [Llama3],
            "smollm" => [@"\p{N}", Gpt2],
            var other => throw Refused("tokenizer.ggml.pre", other),
        };
        _tokens = metadata.Texts("tokenizer.ggml.tokens") ?? throw Refused("tokenizer.ggml.tokens", null);
        _types = metadata.Integers("tokenizer.ggml.token_type") ?? [.. Enumerable.Repeat((long)Normal, _tokens.Length)];
        if (_types.Length != _tokens.Length) throw new CheckpointException(file.Path, $"tokenizer.ggml.token_type has {_types.Length} elements for {_tokens.Length} tokens");
    }

    /// <summary>Null where the file has no tokenizer.</summary>
    /// <exception cref="CheckpointException">It has one that cannot be converted.</exception>
    public static GgufTokenizer? Find(GgufFile file)
    {
        var metadata = new GgufMetadata(file);
        return metadata.Text("tokenizer.ggml.model") switch
        {
            null or "none" or "no_vocab" => null,
            "gpt2" => new GgufTokenizer(file, metadata),
            var other => throw Refused(file, "tokenizer.ggml.model", other),
        };
    }

    /// <summary>Writes both files and reads them back.</summary>
    public void Write(string folder)
    {
        Write(Path.Combine(folder, "tokenizer.json"), Definition());
        Write(Path.Combine(folder, "tokenizer_config.json"), Config());
        try
        {
            _ = BpeTokenizer.Load(folder);
        }
        catch (CheckpointException fault)
        {
            throw new CheckpointException(_file.Path, $"its tokenizer cannot be converted: {fault.Message}", fault);
        }
    }

    private JsonObject Definition() => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. Of(Control, UserDefined).Select(token => Added(token.Id, token.Text))]),
        ["normalizer"] = _splits[0] == Qwen2 ? new JsonObject { ["type"] = "NFC" } : null,
        ["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray([.. _splits.Select(Split), ByteLevel()]) },
        ["post_processor"] = null,
        ["decoder"] = ByteLevel(),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            // Llama 3's whole words come before its merges.
            ["ignore_merges"] = _splits[0] == Llama3,
            ["vocab"] = Vocabulary(),
            ["merges"] = new JsonArray([.. (_metadata.Texts("tokenizer.ggml.merges") ?? throw Refused("tokenizer.ggml.merges", null)).Select(merge => JsonValue.Create(merge))]),
        },
    };

    /// <summary>Unused ones fill the vocabulary up to the model's size.</summary>
    private JsonObject Vocabulary()
    {
        var vocabulary = new JsonObject();
        foreach (var (id, text) in Enumerable.Range(0, _tokens.Length).Where(id => _types[id] is not (Control or UserDefined or Unused)).Select(id => (id, _tokens[id])))
            if (!vocabulary.TryAdd(text, id)) throw new CheckpointException(_file.Path, $"tokenizer.ggml.tokens has '{text}' twice");
        return vocabulary;
    }

    private JsonObject Config()
    {
        var config = new JsonObject();
        foreach (var (field, key) in new[] { ("bos_token", "bos"), ("eos_token", "eos"), ("pad_token", "padding") })
            if (_metadata.OptionalInteger($"tokenizer.ggml.{key}_token_id") is { } id)
                config[field] = (uint)id < _tokens.Length ? _tokens[id] : throw new CheckpointException(_file.Path, $"tokenizer.ggml.{key}_token_id = {id} is outside the {_tokens.Length} tokens");
        if (_metadata.Text("tokenizer.chat_template") is { } template) config["chat_template"] = template;
        return config;
    }

    private IEnumerable<(int Id, string Text)> Of(params long[] types) =>
        Enumerable.Range(0, _tokens.Length).Where(id => types.Contains(_types[id])).Select(id => (id, _tokens[id]));

    private JsonObject Added(int id, string text) => new()
    {
        ["id"] = id,
        ["content"] = text,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = _types[id] == Control,
    };

    private static JsonObject Split(string pattern) => new()
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = pattern },
        ["behavior"] = "Isolated",
        ["invert"] = false,
    };

    private static JsonObject ByteLevel() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = false };

    private static void Write(string path, JsonObject json)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        JsonSerializer.Serialize(stream, json, Readable);
        stream.Flush(flushToDisk: true);
    }

    private CheckpointException Refused(string key, string? value) => Refused(_file, key, value);

    private static CheckpointException Refused(GgufFile file, string key, string? value) =>
        new(file.Path, $"{key} = {value ?? "(missing)"}: only byte-level BPE of gpt-2, qwen2, llama-bpe and smollm is converted; give a folder with the model's tokenizer.json");
}
