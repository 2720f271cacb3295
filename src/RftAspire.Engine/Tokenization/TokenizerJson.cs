using System.Text.Json;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// Hugging Face's tokenizer.json with a BPE model; anything that would change token ids otherwise is refused by name. Truncation and
/// padding in the file are for batches, are set anew by every caller there, and are left aside.
/// </summary>
internal static partial class TokenizerJson
{
    private const int MaxId = 1 << 22;

    public static TokenizerDefinition Read(string path)
    {
        using var json = Parse(path);
        return Reading(path, () => ReadDefinition(new JsonField(path, "", json.RootElement)));
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
            or ArgumentException or NotSupportedException or TokenizationException)
        {
            throw new CheckpointException(path, $"is malformed or not supported: {fault.Message}", fault);
        }
    }

    public static Dictionary<string, int> ReadIds(JsonField ids)
    {
        if (ids.Value.ValueKind != JsonValueKind.Object) throw ids.Fault("is not an object");
        var result = new Dictionary<string, int>(ids.Value.GetPropertyCount(), StringComparer.Ordinal);
        foreach (var entry in ids.Value.EnumerateObject()) result.Add(entry.Name, ReadId(ids.File, entry.Name, entry.Value));
        return result;
    }

    public static (string Left, string Right) ParseMerge(string path, string merge)
    {
        var parts = merge.Split(' ');
        return parts is [{ Length: > 0 }, { Length: > 0 }] ? (parts[0], parts[1]) : throw new CheckpointException(path, $"merge '{merge}' is not two tokens");
    }

    private static TokenizerDefinition ReadDefinition(JsonField root)
    {
        root.Only("version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model");
        if (root.Optional("version") is { } version && version.Text != "1.0") throw version.Fault("is not supported: 1.0 is");
        var model = root["model"];
        CheckModel(model);
        return new TokenizerDefinition
        {
            Vocabulary = ReadIds(model["vocab"]),
            Merges = [.. model["merges"].Items.Select(ReadMerge)],
            AddedTokens = root.Optional("added_tokens") is { } added ? [.. added.Items.Select(ReadAdded)] : [],
            UnknownToken = model.Optional("unk_token")?.Text,
            FuseUnknown = model.Flag("fuse_unk", false),
            ByteFallback = model.Flag("byte_fallback", false),
            IgnoreMerges = model.Flag("ignore_merges", false),
            Normalizer = Step("normalizer"),
            PreTokenizer = Step("pre_tokenizer"),
            PostProcessor = Step("post_processor"),
            Decoder = Step("decoder"),
        };

        JsonElement? Step(string name) => root.Optional(name)?.Value.Clone();
    }

    private static void CheckModel(JsonField model)
    {
        // Old files leave the type out; the fields tell BPE from the rest.
        if (model.Optional("type") is { } type && type.Text != "BPE") throw type.Fault("is not supported: BPE is");
        model.Only("type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges");
        foreach (var name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
            if (model.Optional(name) is { } affix && affix.Text != "") throw affix.Fault("is not supported: only an empty one is");
        if (model.Optional("dropout") is { } dropout && dropout.Value.GetDouble() != 0) throw dropout.Fault("is not supported: encoding is deterministic");
    }

    private static AddedToken ReadAdded(JsonField field)
    {
        field.Only("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special");
        var content = field["content"].Text;
        if (content == "") throw field.Fault("is an empty token");
        var special = field.Flag("special", false);
        return new AddedToken(ReadId(field.File, content, field["id"].Value), content, special)
        {
            SingleWord = field.Flag("single_word", false),
            LStrip = field.Flag("lstrip", false),
            RStrip = field.Flag("rstrip", false),
            Normalized = field.Flag("normalized", !special),
        };
    }

    private static (string, string) ReadMerge(JsonField merge)
    {
        if (merge.Value.ValueKind == JsonValueKind.String) return ParseMerge(merge.File, merge.Text);
        return merge.Items.ToArray() is [var left, var right] ? (left.Text, right.Text) : throw merge.Fault("is not two tokens");
    }

    private static int ReadId(string path, string token, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var id) && id is >= 0 and < MaxId
            ? id
            : throw new CheckpointException(path, $"token '{token}' has id {value.GetRawText()}, expected 0 to {MaxId - 1}");
}
