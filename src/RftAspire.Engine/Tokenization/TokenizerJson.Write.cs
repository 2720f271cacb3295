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
        WriteStep(json, "normalizer", definition.Normalizer);
        WriteStep(json, "pre_tokenizer", definition.PreTokenizer);
        WriteStep(json, "post_processor", definition.PostProcessor);
        WriteStep(json, "decoder", definition.Decoder);
        WriteModel(json, definition);
        json.WriteEndObject();
    }

    private static void WriteAdded(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteStartObject();
        json.WriteNumber("id", token.Id);
        json.WriteString("content", token.Content);
        json.WriteBoolean("single_word", token.SingleWord);
        json.WriteBoolean("lstrip", token.LStrip);
        json.WriteBoolean("rstrip", token.RStrip);
        json.WriteBoolean("normalized", token.Normalized);
        json.WriteBoolean("special", token.Special);
        json.WriteEndObject();
    }

    private static void WriteStep(Utf8JsonWriter json, string name, JsonElement? step)
    {
        json.WritePropertyName(name);
        if (step is { } value) value.WriteTo(json);
        else json.WriteNullValue();
    }

    private static void WriteModel(Utf8JsonWriter json, TokenizerDefinition definition)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (var field in new[] { "dropout", "continuing_subword_prefix", "end_of_word_suffix" }) json.WriteNull(field);
        json.WriteString("unk_token", definition.UnknownToken);
        json.WriteBoolean("fuse_unk", definition.FuseUnknown);
        json.WriteBoolean("byte_fallback", definition.ByteFallback);
        json.WriteBoolean("ignore_merges", definition.IgnoreMerges);
        json.WriteStartObject("vocab");
        foreach (var (token, id) in definition.Vocabulary.OrderBy(pair => pair.Value)) json.WriteNumber(token, id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in definition.Merges) WriteMerge(json, left, right);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMerge(Utf8JsonWriter json, string left, string right)
    {
        if (!left.Contains(' ') && !right.Contains(' '))
        {
            json.WriteStringValue($"{left} {right}");
            return;
        }
        // A token with a space of its own needs the longer form.
        json.WriteStartArray();
        json.WriteStringValue(left);
        json.WriteStringValue(right);
        json.WriteEndArray();
    }
}
