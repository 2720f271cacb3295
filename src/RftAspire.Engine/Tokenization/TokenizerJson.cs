using System.Text.Json;
using System.Text.RegularExpressions;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tokenization;

/// <summary>Hugging Face's tokenizer.json, the byte-level BPE part of it; anything that would change token ids otherwise is refused by name.</summary>
internal static partial class TokenizerJson
{
    private const int MaxId = 1 << 22;

    public static TokenizerDefinition Read(string path)
    {
        using var json = Parse(path);
        return Reading(path, () => ReadDefinition(path, json.RootElement));
    }

    public static JsonDocument Parse(string path) => Reading(path, () =>
        JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false }));

    /// <summary>Runs a read and turns what malformed files throw into the one exception for them.</summary>
    public static T Reading<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"cannot be read: {fault.Message}", fault);
        }
        // Wrong kinds of JSON value surface as InvalidOperationException, absent fields as KeyNotFoundException.
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException or FormatException
            or ArgumentException or NotSupportedException)
        {
            throw new CheckpointException(path, $"is malformed or not supported: {fault.Message}", fault);
        }
    }

    public static Dictionary<string, int> ReadIds(string path, JsonElement ids)
    {
        return Reading(path, () => ids.EnumerateObject().ToDictionary(entry => entry.Name, entry => ReadId(path, entry.Name, entry.Value), StringComparer.Ordinal));
    }

    public static (string Left, string Right) ParseMerge(string path, string merge)
    {
        var parts = merge.Split(' ');
        return parts is [{ Length: > 0 }, { Length: > 0 }] ? (parts[0], parts[1]) : throw new CheckpointException(path, $"merge '{merge}' is not two tokens");
    }

    private static TokenizerDefinition ReadDefinition(string path, JsonElement root)
    {
        var model = root.GetProperty("model");
        CheckModel(path, model);
        if (Optional(root, "decoder") is { } decoder) Expect(path, "decoder", decoder, "ByteLevel");
        var (splits, prefixSpace) = ReadPreTokenizer(path, root);
        return new TokenizerDefinition
        {
            Vocabulary = ReadIds(path, model.GetProperty("vocab")),
            Merges = [.. model.GetProperty("merges").EnumerateArray().Select(merge => ReadMerge(path, merge))],
            AddedTokens = Optional(root, "added_tokens") is { } added ? [.. added.EnumerateArray().Select(token => ReadAdded(path, token))] : [],
            Splits = splits,
            AddPrefixSpace = prefixSpace,
            NormalizeToFormC = Optional(root, "normalizer") is { } normalizer && ReadNormalizer(path, normalizer),
            IgnoreMerges = Flag(model, "ignore_merges", false),
        };
    }

    private static void CheckModel(string path, JsonElement model)
    {
        // Old files leave the type out; the fields tell BPE from the rest.
        if (Optional(model, "type") is not null) Expect(path, "model", model, "BPE");
        foreach (var field in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
            if (Optional(model, field) is { } affix && affix.GetString() != "") throw Unsupported(path, $"model.{field}", affix);
        if (Optional(model, "dropout") is { } dropout && dropout.GetDouble() != 0) throw Unsupported(path, "model.dropout", dropout);
        if (Flag(model, "byte_fallback", false)) throw Unsupported(path, "model.byte_fallback", model.GetProperty("byte_fallback"));
    }

    private static (List<SplitRule> Splits, bool PrefixSpace) ReadPreTokenizer(string path, JsonElement root)
    {
        var pre = Optional(root, "pre_tokenizer") ?? throw new CheckpointException(path, "pre_tokenizer is null: only byte-level vocabularies are supported");
        JsonElement[] steps = TypeOf(pre) == "Sequence" ? [.. pre.GetProperty("pretokenizers").EnumerateArray()] : [pre];
        var splits = new List<SplitRule>();
        var (prefixSpace, byteLevel) = (false, false);
        foreach (var step in steps)
        {
            // After it the text is spelt in the byte alphabet, which no later pattern here would see.
            if (byteLevel) throw Unsupported(path, "pre_tokenizer after ByteLevel", step);
            var type = TypeOf(step);
            if (type == "ByteLevel")
            {
                byteLevel = true;
                prefixSpace = Flag(step, "add_prefix_space", true);
                if (prefixSpace && splits.Count > 0) throw Unsupported(path, "add_prefix_space after a split", step);
                if (Flag(step, "use_regex", true)) splits.Add(new SplitRule(SplitRule.Gpt2Pattern));
            }
            else if (type == "Digits") splits.Add(new SplitRule(Flag(step, "individual_digits", false) ? @"\p{N}" : @"\p{N}+"));
            else if (type == "Split") splits.Add(ReadSplit(path, step));
            else throw Unsupported(path, "pre_tokenizer", step);
        }
        return byteLevel ? (splits, prefixSpace) : throw Unsupported(path, "pre_tokenizer without ByteLevel", pre);
    }

    private static SplitRule ReadSplit(string path, JsonElement step)
    {
        var pattern = step.GetProperty("pattern");
        var text = pattern.TryGetProperty("Regex", out var regex) ? regex.GetString()! : Regex.Escape(pattern.GetProperty("String").GetString()!);
        var invert = Flag(step, "invert", false);
        return step.GetProperty("behavior").GetString() switch
        {
            "Isolated" => new SplitRule(text),
            "Removed" => new SplitRule(text, keepMatches: invert, keepGaps: !invert),
            _ => throw Unsupported(path, "behavior", step.GetProperty("behavior")),
        };
    }

    private static bool ReadNormalizer(string path, JsonElement normalizer) => TypeOf(normalizer) switch
    {
        "NFC" => true,
        "Sequence" => normalizer.GetProperty("normalizers").EnumerateArray()
            .Aggregate(false, (formC, part) => ReadNormalizer(path, part) || formC),
        _ => throw Unsupported(path, "normalizer", normalizer),
    };

    private static AddedToken ReadAdded(string path, JsonElement token)
    {
        var content = token.GetProperty("content").GetString();
        if (string.IsNullOrEmpty(content)) throw new CheckpointException(path, "an added token is empty");
        foreach (var flag in new[] { "single_word", "lstrip", "rstrip" })
            if (Flag(token, flag, false)) throw Unsupported(path, $"{flag} of added token '{content}'", token.GetProperty(flag));
        return new AddedToken(ReadId(path, content, token.GetProperty("id")), content, Flag(token, "special", false));
    }

    private static (string, string) ReadMerge(string path, JsonElement merge)
    {
        if (merge.ValueKind == JsonValueKind.String) return ParseMerge(path, merge.GetString()!);
        return merge.GetArrayLength() == 2 ? (merge[0].GetString()!, merge[1].GetString()!) : throw Unsupported(path, "merge", merge);
    }

    private static int ReadId(string path, string token, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var id) && id is >= 0 and < MaxId
            ? id
            : throw new CheckpointException(path, $"token '{token}' has id {value.GetRawText()}, expected 0 to {MaxId - 1}");

    private static void Expect(string path, string field, JsonElement value, string type)
    {
        if (TypeOf(value) != type) throw Unsupported(path, field, value);
    }

    private static string? TypeOf(JsonElement value) => value.GetProperty("type").GetString();

    private static bool Flag(JsonElement parent, string field, bool fallback) => Optional(parent, field)?.GetBoolean() ?? fallback;

    private static JsonElement? Optional(JsonElement parent, string field) =>
        parent.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static CheckpointException Unsupported(string path, string what, JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.Object && value.TryGetProperty("type", out var type) ? type.GetRawText() : value.GetRawText();
        return new(path, $"{what} {(text.Length > 80 ? text[..80] + "..." : text)} is not supported: byte-level BPE with Split, Digits and NFC is");
    }
}
