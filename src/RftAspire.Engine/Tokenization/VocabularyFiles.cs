using System.Text.Json;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tokenization;

/// <summary>The older layout: vocab.json, merges.txt and added_tokens.json, with the splitting rule known by the model's family.</summary>
internal static class VocabularyFiles
{
    public static TokenizerDefinition Read(string folder)
    {
        var vocabulary = ReadIds(Path.Combine(folder, "vocab.json"));
        var addedFile = Path.Combine(folder, "added_tokens.json");
        var added = File.Exists(addedFile) ? ReadIds(addedFile) : [];
        var qwen = IsQwen(folder, added);
        // GPT-2 keeps its only control token in the vocabulary itself.
        if (!qwen && vocabulary.TryGetValue("<|endoftext|>", out var end)) added.TryAdd("<|endoftext|>", end);
        return new TokenizerDefinition
        {
            Vocabulary = vocabulary,
            Merges = ReadMerges(Path.Combine(folder, "merges.txt")),
            AddedTokens = [.. added.OrderBy(pair => pair.Value).Select(pair => new AddedToken(pair.Value, pair.Key, Special: true))],
        }.WithByteLevel(qwen ? SplitRule.Qwen2Pattern : SplitRule.Gpt2Pattern, formC: qwen);
    }

    /// <summary>tokenizer_config.json or config.json tells the family; without them a ChatML token among the added ones does.</summary>
    private static bool IsQwen(string folder, Dictionary<string, int> added)
    {
        var name = ReadName(Path.Combine(folder, "tokenizer_config.json"), "tokenizer_class") ?? ReadName(Path.Combine(folder, "config.json"), "model_type");
        if (name is null) return added.ContainsKey("<|im_start|>");
        if (name.StartsWith("Qwen", StringComparison.OrdinalIgnoreCase)) return true;
        if (name.StartsWith("GPT2", StringComparison.OrdinalIgnoreCase)) return false;
        throw new CheckpointException(folder, $"vocab.json and merges.txt of '{name}' do not tell how text is split: a tokenizer.json is needed");
    }

    private static string? ReadName(string path, string field)
    {
        if (!File.Exists(path)) return null;
        using var json = TokenizerJson.Parse(path);
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(field, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static Dictionary<string, int> ReadIds(string path)
    {
        using var json = TokenizerJson.Parse(path);
        return TokenizerJson.Reading(path, () => TokenizerJson.ReadIds(new JsonField(path, "", json.RootElement)));
    }

    private static List<(string, string)> ReadMerges(string path)
    {
        var merges = new List<(string, string)>();
        foreach (var line in TokenizerJson.Reading(path, () => File.ReadAllLines(path)))
            if (line.Length > 0 && !(merges.Count == 0 && line.StartsWith("#version", StringComparison.Ordinal)))
                merges.Add(TokenizerJson.ParseMerge(path, line));
        return merges;
    }
}
