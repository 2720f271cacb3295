using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// Byte-level BPE as in GPT-2, Qwen and Llama 3: any text becomes tokens and comes back byte for byte. Safe for use by several threads.
/// Encoding adds no token of its own: a beginning or an end of text is the chat template's business.
/// </summary>
public sealed class BpeTokenizer
{
    private const int CachedPieces = 1 << 16;
    private const int CachedPieceLength = 48;

    private readonly MergeTable merges = new();
    private readonly int[] idOfByte = new int[256];
    private readonly string?[] tokens;
    private readonly byte[]?[] bytes;
    private readonly Dictionary<string, int> idOfToken;
    private readonly AddedTokenMatcher plainAdded;
    private readonly AddedTokenMatcher allAdded;
    private readonly ConcurrentDictionary<string, int[]> cache = new(StringComparer.Ordinal);
    private int cached;

    internal BpeTokenizer(TokenizerDefinition definition, string file)
    {
        Definition = definition;
        VocabSize = 1 + Math.Max(definition.Vocabulary.Values.DefaultIfEmpty(-1).Max(), definition.AddedTokens.Select(token => token.Id).DefaultIfEmpty(-1).Max());
        (tokens, bytes) = (new string?[VocabSize], new byte[]?[VocabSize]);
        idOfToken = new Dictionary<string, int>(definition.Vocabulary, StringComparer.Ordinal);
        foreach (var (token, id) in definition.Vocabulary) SetToken(file, id, token, ByteAlphabet.Bytes(token));
        foreach (var (id, content, _) in definition.AddedTokens) SetAdded(file, id, content);
        for (var value = 0; value < 256; value++) idOfByte[value] = Find(file, ByteAlphabet.Char((byte)value).ToString(), "the byte-level alphabet");
        foreach (var (left, right) in definition.Merges)
            merges.Add(Find(file, left, "a merge"), Find(file, right, "a merge"), Find(file, left + right, "a merge"));
        plainAdded = new AddedTokenMatcher(definition.AddedTokens.Where(token => !token.Special));
        allAdded = new AddedTokenMatcher(definition.AddedTokens);
    }

    /// <summary>One more than the largest id. A model's vocabulary may be larger, padded to a round number.</summary>
    public int VocabSize { get; }

    public IReadOnlyList<AddedToken> AddedTokens => Definition.AddedTokens;

    internal TokenizerDefinition Definition { get; }

    /// <summary>Reads tokenizer.json, else vocab.json and merges.txt with added_tokens.json.</summary>
    /// <exception cref="CheckpointException">A file is missing, malformed or asks for what byte-level BPE does not do.</exception>
    public static BpeTokenizer Load(string folder)
    {
        var json = Path.Combine(folder, "tokenizer.json");
        var file = File.Exists(json) ? json : Path.Combine(folder, "vocab.json");
        return new BpeTokenizer(file == json ? TokenizerJson.Read(json) : VocabularyFiles.Read(folder), file);
    }

    /// <summary>Writes tokenizer.json in the Hugging Face layout.</summary>
    public void Save(string folder) => TokenizerJson.Write(Path.Combine(folder, "tokenizer.json"), Definition);

    /// <summary>
    /// The text's token ids. Special tokens in the text are control tokens only where <paramref name="allowSpecial"/> is true;
    /// otherwise they are plain characters, so that data cannot forge the end of a turn.
    /// </summary>
    public int[] Encode(string text, bool allowSpecial = false)
    {
        text = CodePointText.WellFormed(text);
        var ids = new List<int>((text.Length / 3) + 4);
        var matcher = allowSpecial ? allAdded : plainAdded;
        var position = 0;
        while (matcher.Next(text, position) is var (start, token))
        {
            EncodeSegment(text[position..start], ids);
            ids.Add(token.Id);
            position = start + token.Content.Length;
        }
        EncodeSegment(text[position..], ids);
        return [.. ids];
    }

    /// <summary>The text of the ids; bytes that are not UTF-8 become U+FFFD, ids without a token become nothing.</summary>
    public string Decode(ReadOnlySpan<int> ids) => Encoding.UTF8.GetString(DecodeBytes(ids));

    public byte[] DecodeBytes(ReadOnlySpan<int> ids)
    {
        var result = new ArrayBufferWriter<byte>(Math.Max(16, ids.Length * 4));
        foreach (var id in ids)
            if ((uint)id < (uint)bytes.Length && bytes[id] is { } part) result.Write(part);
        return result.WrittenSpan.ToArray();
    }

    /// <summary>The id of a token as the vocabulary spells it (a space is 'Ġ'), or null.</summary>
    public int? TokenToId(string token) => idOfToken.TryGetValue(token, out var id) ? id : null;

    public string? IdToToken(int id) => (uint)id < (uint)tokens.Length ? tokens[id] : null;

    /// <summary>The bytes that a token decodes to; none for an id without a token.</summary>
    internal ReadOnlySpan<byte> TokenBytes(int id) => (uint)id < (uint)bytes.Length ? bytes[id] : [];

    private void EncodeSegment(string text, List<int> ids)
    {
        if (text.Length == 0) return;
        if (Definition.NormalizeToFormC) text = CanonicalForm.Normalize(text);
        if (Definition.AddPrefixSpace && text[0] != ' ') text = " " + text;
        var points = new CodePointText(text);
        var lookup = cache.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var (start, end) in Pieces(points.Chars, Definition.Splits))
        {
            var piece = text.AsSpan()[points.Start(start)..points.Start(end)];
            if (!lookup.TryGetValue(piece, out var known)) known = EncodePiece(piece);
            ids.AddRange(known);
        }
    }

    internal static List<(int Start, int End)> Pieces(string text, IReadOnlyList<SplitRule> rules)
    {
        List<(int Start, int End)> pieces = [(0, text.Length)];
        foreach (var rule in rules)
        {
            var finer = new List<(int Start, int End)>(pieces.Count == 1 ? (text.Length / 4) + 4 : pieces.Count);
            foreach (var (start, end) in pieces) rule.Split(text, start, end, finer);
            pieces = finer;
        }
        return pieces;
    }

    private int[] EncodePiece(ReadOnlySpan<char> piece)
    {
        var utf8 = new byte[Encoding.UTF8.GetByteCount(piece)];
        Encoding.UTF8.GetBytes(piece, utf8);
        var ids = Merge(utf8);
        if (piece.Length <= CachedPieceLength && Volatile.Read(ref cached) < CachedPieces && cache.TryAdd(piece.ToString(), ids))
            Interlocked.Increment(ref cached);
        return ids;
    }

    private int[] Merge(byte[] utf8)
    {
        if (Definition.IgnoreMerges && Definition.Vocabulary.TryGetValue(ByteAlphabet.Spell(utf8), out var whole)) return [whole];
        var ids = new int[utf8.Length];
        for (var i = 0; i < ids.Length; i++) ids[i] = idOfByte[utf8[i]];
        return ids[..merges.Apply(ids)];
    }

    private void SetToken(string file, int id, string token, byte[] content)
    {
        if (tokens[id] is { } other && other != token) throw new CheckpointException(file, $"id {id} belongs to both '{other}' and '{token}'");
        (tokens[id], bytes[id]) = (token, content);
    }

    private void SetAdded(string file, int id, string content)
    {
        if (idOfToken.TryGetValue(content, out var known) && known != id)
            throw new CheckpointException(file, $"added token '{content}' has id {id} but the vocabulary gives it {known}");
        SetToken(file, id, content, Encoding.UTF8.GetBytes(content));
        idOfToken[content] = id;
    }

    private int Find(string file, string token, string what) =>
        Definition.Vocabulary.TryGetValue(token, out var id) ? id : throw new CheckpointException(file, $"the vocabulary lacks '{token}' of {what}");
}
