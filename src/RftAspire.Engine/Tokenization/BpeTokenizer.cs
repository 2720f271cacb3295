using System.Buffers;
using System.Text;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// BPE as in GPT-2, Qwen and Llama 3 (over bytes) and as in Llama 2, Mistral and Phi-3 (over characters, as SentencePiece has it).
/// Byte-level vocabularies give any text back byte for byte, unless a normalizer or a stripping token changes it first.
/// Safe for use by several threads.
/// </summary>
public sealed class BpeTokenizer
{
    private static readonly string[] Files = ["tokenizer.json", "vocab.json", "tokenizer.model"];

    private readonly BpeModel model;
    private readonly Func<string, string> normalize;
    private readonly IReadOnlyList<Func<Pieces, Pieces>> preTokenizer;
    private readonly AddedTokenMatcher plainAdded;
    private readonly AddedTokenMatcher normalizedAdded;
    private readonly DecoderSteps decoder;
    private readonly string?[] tokens;
    private readonly byte[]?[] bytes;
    private readonly HashSet<int> byteTokens = [];
    private readonly Dictionary<string, int> idOfToken;

    internal BpeTokenizer(TokenizerDefinition definition, string file)
    {
        Definition = definition;
        VocabSize = 1 + Math.Max(definition.Vocabulary.Values.DefaultIfEmpty(-1).Max(), definition.AddedTokens.Select(token => token.Id).DefaultIfEmpty(-1).Max());
        normalize = TokenizerSteps.Normalizer(Field(definition.Normalizer, "normalizer"));
        (preTokenizer, var byteLevel) = TokenizerSteps.PreTokenizer(Field(definition.PreTokenizer, "pre_tokenizer"));
        (BeginningTokens, EndTokens) = TokenizerSteps.PostProcessor(Field(definition.PostProcessor, "post_processor"));
        decoder = TokenizerSteps.Decoder(Field(definition.Decoder, "decoder"), byteLevel);
        (tokens, bytes) = (new string?[VocabSize], new byte[]?[VocabSize]);
        idOfToken = new Dictionary<string, int>(definition.Vocabulary, StringComparer.Ordinal);
        foreach (var (token, id) in definition.Vocabulary) SetToken(file, id, token, added: false);
        foreach (var token in definition.AddedTokens) SetAdded(file, token);
        if (byteLevel) CheckAlphabet(file);
        CheckEnds(file);
        model = new BpeModel(definition, file);
        plainAdded = new AddedTokenMatcher(definition.AddedTokens.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        normalizedAdded = new AddedTokenMatcher(definition.AddedTokens.Where(token => token.Normalized).Select(token => (normalize(token.Content), token)));

        JsonField? Field(System.Text.Json.JsonElement? element, string name) => element is { } value ? new JsonField(file, name, value) : null;
    }

    /// <summary>One more than the largest id. A model's vocabulary may be larger, padded to a round number.</summary>
    public int VocabSize { get; }

    public IReadOnlyList<AddedToken> AddedTokens => Definition.AddedTokens;

    /// <summary>The ids that begin a text of its own, such as a beginning of sequence; empty for most models.</summary>
    public IReadOnlyList<int> BeginningTokens { get; }

    /// <summary>The ids that end a text of its own; empty for most models.</summary>
    public IReadOnlyList<int> EndTokens { get; }

    internal TokenizerDefinition Definition { get; }

    /// <summary>Reads tokenizer.json, else vocab.json and merges.txt with added_tokens.json, else tokenizer.model.</summary>
    /// <exception cref="CheckpointException">A file is missing, malformed or asks for what is not supported; the message names file and field.</exception>
    public static BpeTokenizer Load(string folder)
    {
        var json = Path.Combine(folder, "tokenizer.json");
        var sentencePiece = Path.Combine(folder, "tokenizer.model");
        if (File.Exists(json)) return Make(json, TokenizerConfig.Read(folder).Apply(TokenizerJson.Read(json)));
        var vocabulary = Path.Combine(folder, "vocab.json");
        if (File.Exists(vocabulary) || !File.Exists(sentencePiece)) return Make(vocabulary, VocabularyFiles.Read(folder));
        return Make(sentencePiece, TokenizerConfig.Read(folder).Apply(SentencePieceModel.Read(sentencePiece)));
    }

    /// <summary>True where the folder holds a vocabulary that <see cref="Load"/> looks for.</summary>
    public static bool Exists(string folder) =>
        Files.Any(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>Writes tokenizer.json in the Hugging Face layout.</summary>
    public void Save(string folder) => TokenizerJson.Write(Path.Combine(folder, "tokenizer.json"), Definition);

    /// <summary>The text's token ids.</summary>
    /// <param name="allowSpecial">Special tokens in the text are control tokens only where this is true; otherwise they are plain
    /// characters, so that data cannot forge the end of a turn.</param>
    /// <param name="addSpecial">Puts <see cref="BeginningTokens"/> and <see cref="EndTokens"/> around the text; for a chat they are
    /// its template's business.</param>
    /// <exception cref="TokenizationException">A split pattern exceeds its bound of steps.</exception>
    public int[] Encode(string text, bool allowSpecial = false, bool addSpecial = false)
    {
        text = WellFormed(text);
        var ids = new List<int>((text.Length / 3) + 4);
        if (addSpecial) ids.AddRange(BeginningTokens);
        foreach (var (start, end, token) in plainAdded.Find(text, allowSpecial))
            if (token is not null) ids.Add(token.Id);
            else EncodeNormalized(normalize(text[start..end]), start == 0, allowSpecial, ids);
        if (addSpecial) ids.AddRange(EndTokens);
        return [.. ids];
    }

    /// <summary>The text of the ids; bytes that are not UTF-8 become U+FFFD, ids without a token become nothing.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var decoding = new StreamingDecoder(this);
        var text = new StringBuilder(ids.Length * 4);
        foreach (var id in ids) text.Append(decoding.Append(id));
        return text.Append(decoding.Flush()).ToString();
    }

    /// <summary>The bytes that the ids stand for, with what decoding strips from the start of a text.</summary>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids)
    {
        var result = new ArrayBufferWriter<byte>(Math.Max(16, ids.Length * 4));
        foreach (var id in ids) result.Write(BytesOf(id, first: false));
        return result.WrittenSpan.ToArray();
    }

    /// <summary>The id of a token as the vocabulary spells it (a space is 'Ġ' or '▁'), or null.</summary>
    public int? TokenToId(string token) => idOfToken.TryGetValue(token, out var id) ? id : null;

    public string? IdToToken(int id) => (uint)id < (uint)tokens.Length ? tokens[id] : null;

    /// <summary>Lone surrogates become U+FFFD, as they would in UTF-8.</summary>
    internal static string WellFormed(string text) =>
        text.AsSpan().ContainsAnyInRange('\ud800', '\udfff') ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;

    /// <summary>What strips the start of a decoded text: up to so many of a character.</summary>
    internal (char Character, int Most)? StripStart => decoder.StripStart;

    /// <summary>The bytes that an id stands for, as the first token of a text or a later one.</summary>
    internal ReadOnlySpan<byte> BytesOf(int id, bool first)
    {
        if ((uint)id >= (uint)bytes.Length || bytes[id] is not { } later) return [];
        return first && decoder.FirstWithout is { } mark && tokens[id]!.Contains(mark) ? Bytes(tokens[id]!.Replace(mark.ToString(), "", StringComparison.Ordinal)) : later;
    }

    /// <summary>True for a token such as &lt;0xE4&gt; that stands for one byte.</summary>
    internal bool IsByte(int id) => byteTokens.Contains(id);

    private void EncodeNormalized(string text, bool atStart, bool allowSpecial, List<int> ids)
    {
        foreach (var (start, end, token) in normalizedAdded.Find(text, allowSpecial))
        {
            if (token is not null)
            {
                ids.Add(token.Id);
                continue;
            }
            var pieces = new Pieces(text[start..end], [(0, end - start)], atStart && start == 0);
            foreach (var step in preTokenizer) pieces = step(pieces);
            foreach (var (from, to) in pieces.Ranges) model.Encode(pieces.Text.AsSpan(from, to - from), ids);
        }
    }

    private byte[] Bytes(string token)
    {
        token = Respelt(token);
        return decoder.ByteFallback && BpeModel.ByteOf(token) is { } value ? [value] : Encoding.UTF8.GetBytes(token);
    }

    private string Respelt(string token) =>
        decoder.Replace.Aggregate(token, (spelling, step) => spelling.Replace(step.From, step.To, StringComparison.Ordinal));

    private void SetToken(string file, int id, string token, bool added)
    {
        if (tokens[id] is { } other && other != token) throw new CheckpointException(file, $"id {id} belongs to both '{other}' and '{token}'");
        if (decoder.ByteFallback && BpeModel.ByteOf(Respelt(token)) is not null) byteTokens.Add(id);
        (tokens[id], bytes[id]) = (token, decoder.ByteLevel && !added ? ByteAlphabet.Bytes(token) : Bytes(token));
    }

    private void SetAdded(string file, AddedToken token)
    {
        if (idOfToken.TryGetValue(token.Content, out var known) && known != token.Id)
            throw new CheckpointException(file, $"added token '{token.Content}' has id {token.Id} but the vocabulary gives it {known}");
        SetToken(file, token.Id, token.Content, added: true);
        idOfToken[token.Content] = token.Id;
        if (token.Normalized && normalize(token.Content) == "") throw new CheckpointException(file, $"added token '{token.Content}' is empty once normalized");
    }

    private void CheckAlphabet(string file)
    {
        for (var value = 0; value < 256; value++)
            if (ByteAlphabet.Char((byte)value).ToString() is var token && !Definition.Vocabulary.ContainsKey(token))
                throw new CheckpointException(file, $"the vocabulary lacks '{token}' of the byte-level alphabet");
    }

    private void CheckEnds(string file)
    {
        foreach (var id in BeginningTokens.Concat(EndTokens))
            if (IdToToken(id) is null) throw new CheckpointException(file, $"post_processor adds id {id}, which is no token");
    }

    private static BpeTokenizer Make(string file, TokenizerDefinition definition) => TokenizerJson.Reading(file, () => new BpeTokenizer(definition, file));
}
