using System.Text.Encodings.Web;
using System.Text.Json;

namespace RftAspire.Engine.Tokenization;

internal static partial class TokenizerJson
{
    // The file is data, never part of a web page, and 'Ġ' should be readable in it.
    private static readonly JsonWriterOptions Readable = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(string path, TokenizerDefinition definition)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                using (var json = new Utf8JsonWriter(stream, Readable)) WriteRoot(json, definition);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void WriteRoot(Utf8JsonWriter json, TokenizerDefinition definition)
    {
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        foreach (var token in definition.AddedTokens) WriteAdded(json, token);
        json.WriteEndArray();
        if (definition.NormalizeToFormC) WriteTyped(json, "normalizer", "NFC");
        else json.WriteNull("normalizer");
        WritePreTokenizer(json, definition);
        json.WriteNull("post_processor");
        json.WriteStartObject("decoder");
        WriteByteLevel(json, addPrefixSpace: false);
        json.WriteEndObject();
        WriteModel(json, definition);
        json.WriteEndObject();
    }

    private static void WriteAdded(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteStartObject();
        json.WriteNumber("id", token.Id);
        json.WriteString("content", token.Content);
        foreach (var flag in new[] { "single_word", "lstrip", "rstrip", "normalized" }) json.WriteBoolean(flag, false);
        json.WriteBoolean("special", token.Special);
        json.WriteEndObject();
    }

    private static void WritePreTokenizer(Utf8JsonWriter json, TokenizerDefinition definition)
    {
        json.WriteStartObject("pre_tokenizer");
        // The prefix space comes before the split, which only ByteLevel's own pattern allows.
        if (definition.AddPrefixSpace)
        {
            WriteByteLevel(json, addPrefixSpace: true, useRegex: definition.Splits.Count > 0);
        }
        else
        {
            json.WriteString("type", "Sequence");
            json.WriteStartArray("pretokenizers");
            foreach (var split in definition.Splits) WriteSplit(json, split);
            json.WriteStartObject();
            WriteByteLevel(json, addPrefixSpace: false);
            json.WriteEndObject();
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteSplit(Utf8JsonWriter json, SplitRule split)
    {
        json.WriteStartObject();
        json.WriteString("type", "Split");
        json.WriteStartObject("pattern");
        json.WriteString("Regex", split.Pattern);
        json.WriteEndObject();
        json.WriteString("behavior", split.KeepMatches && split.KeepGaps ? "Isolated" : "Removed");
        json.WriteBoolean("invert", split.KeepMatches && !split.KeepGaps);
        json.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter json, bool addPrefixSpace, bool useRegex = false)
    {
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", addPrefixSpace);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", useRegex);
    }

    private static void WriteTyped(Utf8JsonWriter json, string field, string type)
    {
        json.WriteStartObject(field);
        json.WriteString("type", type);
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, TokenizerDefinition definition)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (var field in new[] { "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix" }) json.WriteNull(field);
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", definition.IgnoreMerges);
        json.WriteStartObject("vocab");
        foreach (var (token, id) in definition.Vocabulary.OrderBy(pair => pair.Value)) json.WriteNumber(token, id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in definition.Merges) json.WriteStringValue($"{left} {right}");
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
