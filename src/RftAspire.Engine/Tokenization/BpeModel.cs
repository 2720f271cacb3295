using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tokenization;

/// <summary>Turns a piece of text into token ids: its code points, joined by the merges. Safe for use by several threads.</summary>
internal sealed class BpeModel
{
    private const int CachedPieces = 1 << 16;
    private const int CachedPieceLength = 48;
    private const char WordStart = '▁';

    private readonly MergeTable merges = new();
    private readonly Dictionary<int, int> symbols = [];
    private readonly int?[] byteTokens = new int?[256];
    private readonly int? unknown;
    private readonly TokenizerDefinition definition;
    private readonly bool wordsNeverJoin;
    private readonly ConcurrentDictionary<string, int[]> cache = new(StringComparer.Ordinal);
    private int cached;

    /// <exception cref="CheckpointException">A merge or the unknown token is not in the vocabulary.</exception>
    public BpeModel(TokenizerDefinition definition, string file)
    {
        this.definition = definition;
        foreach (var (token, id) in definition.Vocabulary)
            if (Rune.TryGetRuneAt(token, 0, out var rune) && rune.Utf16SequenceLength == token.Length) symbols.Add(rune.Value, id);
        foreach (var (left, right) in definition.Merges)
            merges.Add(Find(file, left, "a merge"), Find(file, right, "a merge"), Find(file, left + right, "a merge"));
        if (definition.UnknownToken is { } spelling) unknown = Find(file, spelling, "model.unk_token");
        if (definition.ByteFallback)
            for (var value = 0; value < 256; value++) byteTokens[value] = Id(ByteToken((byte)value));
        wordsNeverJoin = !definition.IgnoreMerges && symbols.ContainsKey(WordStart) && !definition.Merges.Any(merge => JoinsWords(merge.Left + merge.Right));
    }

    /// <summary>How a vocabulary with byte fallback spells a byte.</summary>
    public static string ByteToken(byte value) => $"<0x{value:X2}>";

    public static byte? ByteOf(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <param name="piece">Well-formed UTF-16.</param>
    /// <param name="ids">Gets the piece's ids.</param>
    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        // A vocabulary without tokens that reach into a next word gives each word the ids it has alone, and words repeat.
        while (wordsNeverJoin && NextWord(piece) is > 0 and var start)
        {
            EncodeWord(piece[..start], ids);
            piece = piece[start..];
        }
        EncodeWord(piece, ids);
    }

    private void EncodeWord(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (piece.Length > CachedPieceLength)
        {
            ids.AddRange(Merge(piece));
            return;
        }
        if (!cache.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(piece, out var known))
        {
            known = Merge(piece);
            if (Volatile.Read(ref cached) < CachedPieces && cache.TryAdd(piece.ToString(), known)) Interlocked.Increment(ref cached);
        }
        ids.AddRange(known);
    }

    private int[] Merge(ReadOnlySpan<char> piece)
    {
        if (definition.IgnoreMerges && Id(piece.ToString()) is { } whole) return [whole];
        var ids = new List<int>(piece.Length);
        AddSymbols(piece, ids);
        var joined = ids.ToArray();
        return joined[..merges.Apply(joined)];
    }

    /// <summary>Code points without a token become their bytes' tokens, or the unknown token, or nothing.</summary>
    private void AddSymbols(ReadOnlySpan<char> piece, List<int> ids)
    {
        var unknownBefore = false;
        foreach (var rune in piece.EnumerateRunes())
        {
            if (symbols.TryGetValue(rune.Value, out var id))
            {
                if (unknownBefore) ids.Add(unknown!.Value);
                unknownBefore = false;
                ids.Add(id);
            }
            // Bytes overtake an unknown token that waits to be fused, as in the library that tokenizer.json is written for.
            else if (!AddBytes(rune, ids) && unknown is { } other)
            {
                if (unknownBefore && !definition.FuseUnknown) ids.Add(other);
                unknownBefore = true;
            }
        }
        if (unknownBefore) ids.Add(unknown!.Value);
    }

    private bool AddBytes(Rune rune, List<int> ids)
    {
        if (!definition.ByteFallback) return false;
        Span<byte> utf8 = stackalloc byte[4];
        utf8 = utf8[..rune.EncodeToUtf8(utf8)];
        foreach (var value in utf8)
            if (byteTokens[value] is null) return false;
        foreach (var value in utf8) ids.Add(byteTokens[value]!.Value);
        return true;
    }

    private static int NextWord(ReadOnlySpan<char> piece)
    {
        for (var i = 1; i < piece.Length; i++)
            if (piece[i] == WordStart && piece[i - 1] != WordStart) return i;
        return 0;
    }

    private static bool JoinsWords(string token) => NextWord(token) > 0;

    private int? Id(string token) => definition.Vocabulary.TryGetValue(token, out var id) ? id : null;

    private int Find(string file, string token, string what) => Id(token) ?? throw new CheckpointException(file, $"the vocabulary lacks '{token}' of {what}");
}
