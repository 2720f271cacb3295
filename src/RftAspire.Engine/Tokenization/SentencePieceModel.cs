using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// tokenizer.model, SentencePiece's protobuf, of BPE type and without a normalization of its own, as Llama 2 and Mistral have it.
/// Merges follow from the scores the way Hugging Face derives them for tokenizer.json.
/// </summary>
internal static class SentencePieceModel
{
    private const int Normal = 1, Unknown = 2, Control = 3, Byte = 6;
    private const int BpeModelType = 2;
    private const string Space = "▁";

    private sealed record Piece(string Text, float Score, int Type);

    public static TokenizerDefinition Read(string path)
    {
        return TokenizerJson.Reading(path, () =>
        {
            var pieces = new List<Piece>();
            // Defaults are those of the format, which writers leave out.
            var (modelType, dummyPrefix, extraSpaces, escape) = (1L, 1L, 1L, 1L);
            var bytes = File.ReadAllBytes(path);
            foreach (var (field, _, content) in Fields(bytes))
            {
                if (field == 1) pieces.Add(ReadPiece(bytes[content]));
                if (field == 2) modelType = Number(bytes[content], 3, modelType);
                if (field != 3) continue;
                dummyPrefix = Number(bytes[content], 3, dummyPrefix);
                extraSpaces = Number(bytes[content], 4, extraSpaces);
                escape = Number(bytes[content], 5, escape);
                if (Fields(bytes[content]).Any(inner => inner.Field == 2 && !bytes[content][inner.Content].AsSpan().IsEmpty)) throw Unsupported(path, "normalizer_spec.precompiled_charsmap");
            }
            if (modelType != BpeModelType) throw Unsupported(path, $"trainer_spec.model_type {modelType}");
            if (extraSpaces != 0) throw Unsupported(path, "normalizer_spec.remove_extra_whitespaces");
            if (escape != 1) throw Unsupported(path, "normalizer_spec.escape_whitespaces false");
            return Define(path, pieces, dummyPrefix != 0);
        });
    }

    private static TokenizerDefinition Define(string path, List<Piece> pieces, bool dummyPrefix)
    {
        if (pieces.Find(piece => piece.Type is not (Normal or Unknown or Control or Byte)) is { } other)
            throw Unsupported(path, $"piece '{other.Text}' of type {other.Type}");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < pieces.Count; id++)
            if (!ids.TryAdd(pieces[id].Text, id)) throw new CheckpointException(path, $"piece '{pieces[id].Text}' occurs twice");
        object space = new { type = "Replace", pattern = new { String = " " }, content = Space };
        var definition = new TokenizerDefinition
        {
            Vocabulary = ids,
            Merges = Merges(pieces, ids),
            AddedTokens = [.. pieces.Index().Where(item => item.Item.Type is Control or Unknown).Select(item => new AddedToken(item.Index, item.Item.Text, Special: true))],
            UnknownToken = pieces.Find(piece => piece.Type == Unknown)?.Text,
            FuseUnknown = true,
            ByteFallback = pieces.Exists(piece => piece.Type == Byte),
            Normalizer = JsonSerializer.SerializeToElement(new { type = "Sequence", normalizers = dummyPrefix ? [new { type = "Prepend", prepend = Space }, space] : new[] { space } }),
            Decoder = JsonSerializer.SerializeToElement(new
            {
                type = "Sequence",
                decoders = new object[]
                {
                    new { type = "Replace", pattern = new { String = Space }, content = " " },
                    new { type = "ByteFallback" },
                    new { type = "Fuse" },
                    new { type = "Strip", content = " ", start = dummyPrefix ? 1 : 0, stop = 0 },
                },
            }),
        };
        // Hugging Face's tokenizers of these families begin every text so.
        return ids.TryGetValue("<s>", out var start) && pieces[start].Type == Control ? definition.WithEnds([("<s>", start)], []) : definition;
    }

    /// <summary>Every way to make a piece of two others, best score first.</summary>
    private static List<(string, string)> Merges(List<Piece> pieces, Dictionary<string, int> ids)
    {
        var merges = new List<(string Left, string Right, float Score)>();
        foreach (var (text, score, _) in pieces.Where(piece => piece.Type == Normal))
            merges.AddRange(Enumerable.Range(1, Math.Max(0, text.Length - 1))
                .Select(at => (Left: text[..at], Right: text[at..], Score: score))
                .Where(merge => ids.ContainsKey(merge.Left) && ids.ContainsKey(merge.Right))
                .OrderBy(merge => ids[merge.Left]).ThenBy(merge => ids[merge.Right]));
        return [.. merges.OrderByDescending(merge => merge.Score).ThenByDescending(merge => Length(merge.Left)).ThenByDescending(merge => Length(merge.Right))
            .Select(merge => (merge.Left, merge.Right))];
    }

    private static int Length(string text) => text.EnumerateRunes().Count();

    private static Piece ReadPiece(byte[] message)
    {
        var piece = new Piece("", 0, Normal);
        foreach (var (field, value, content) in Fields(message))
            piece = field switch
            {
                1 => piece with { Text = new UTF8Encoding(false, true).GetString(message[content]) },
                2 => piece with { Score = BitConverter.Int32BitsToSingle((int)value) },
                3 => piece with { Type = (int)value },
                _ => piece,
            };
        return piece;
    }

    private static long Number(byte[] message, int field, long fallback) =>
        Fields(message).Where(entry => entry.Field == field).Select(entry => entry.Value).LastOrDefault(fallback);

    /// <summary>The fields of a protobuf message: the value of a number, the place of anything longer.</summary>
    private static IEnumerable<(int Field, long Value, Range Content)> Fields(byte[] message)
    {
        for (var at = 0; at < message.Length;)
        {
            var key = Varint(message, ref at);
            var (field, value, start) = ((int)(key >> 3), 0L, at);
            switch (key & 7)
            {
                case 0: value = Varint(message, ref at); break;
                case 1: at += 8; break;
                case 2:
                    var length = Varint(message, ref at);
                    if (length < 0 || length > message.Length - at) throw Cut();
                    (start, at) = (at, at + (int)length);
                    break;
                case 5:
                    value = at + 4 <= message.Length ? BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(at)) : throw Cut();
                    at += 4;
                    break;
                default: throw new FormatException($"wire type {key & 7} at byte {at}");
            }
            if (at > message.Length) throw Cut();
            yield return (field, value, start..at);
        }
    }

    private static long Varint(byte[] message, ref int at)
    {
        var value = 0L;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (at >= message.Length) throw Cut();
            var part = message[at++];
            value |= (long)(part & 0x7F) << shift;
            if (part < 0x80) return value;
        }
        throw new FormatException($"a number of more than 64 bits at byte {at}");
    }

    private static FormatException Cut() => new("the file ends within a field");

    private static CheckpointException Unsupported(string path, string what) =>
        new(path, $"{what} is not supported: convert the model to tokenizer.json, which transformers' save_pretrained writes");
}
