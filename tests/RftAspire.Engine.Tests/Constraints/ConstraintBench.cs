using System.Numerics;
using System.Text;
using RftAspire.Engine.Constraints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Constraints;

/// <summary>Tokenizers for constraints and ways to drive a constraint with them.</summary>
internal static class ConstraintBench
{
    /// <summary>Tokens that cross the borders of JSON's structure, halves of UTF-8 sequences and of escapes, and long runs.</summary>
    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "{\"", "\":", "\": ", "\":\"", "\": \"", "\",", "\", ", "\",\"", "\", \"", "\"}", "\"]", "\"}]", "}}", "]]", "]}", "},", "}, {", "},{", "[{", "[[", "[]", "{}", "[\"", "\"\"", ", ", ": ",
            " \"", " {", " [", " 1", " true", "true", "tr", "ue", "false", "null", "nu", "00", "12", "123", "10", "-1", "1.", ".5", "0.", "e+", "1e", "E-1", "2024", "-0", "T1", ":0", "00:00", "Z\"",
            "\\n", "\\\"", "\\\\", "\\u", "\\ud", "\\ud83d", "\\ude00", "\\u00", "name", "na", "me", "id", "kind", "value", "next", "children", "tags", "a", "ab", "abc", "aa", "aaaa", "b", "the", " the", " of",
            "é", "日", "本", "日本", "😀", "é\"", "\"é", "\n", "  ", "   ", "@x.", "1-2", "a\":1", "a\": ", "\":1}", "\":[", "\":{\"", "\":null", "\":true}", "],\"", "}],\"", "\",\"b\":", "xxxxxxxxxxxxxxxxxxxx",
        }.Select(Encoding.UTF8.GetBytes),
        [0xC3], [0xE6, 0x97], [0x97, 0xA5], [0xF0, 0x9F], [0x98, 0x80], [0x9F, 0x98, 0x80], [0xA9, (byte)'"'], [0xE2, 0x82], [0xED, 0xA0], [0xC0, 0x80], [(byte)'a', 0xF0, 0x9F, 0x98], [0x80, (byte)'a'],
    ];

    /// <summary>All single bytes, "&lt;end&gt;" and "&lt;pad&gt;".</summary>
    public static BpeTokenizer Bytes { get; } = Tokenizer([]);

    /// <summary>Some two hundred tokens more.</summary>
    public static BpeTokenizer Mixed { get; } = Tokenizer(Pieces);

    public static int End(BpeTokenizer tokenizer) => tokenizer.TokenToId("<end>")!.Value;

    public static TokenConstraint Constrain(string schema, BpeTokenizer? tokenizer = null) => Constrain(JsonSchemaConstraint.Parse(schema), tokenizer);

    public static TokenConstraint Constrain(JsonSchemaConstraint schema, BpeTokenizer? tokenizer = null) => new(schema, tokenizer ?? Mixed, [End(tokenizer ?? Mixed)]);

    /// <summary>The single-byte token of <see cref="Bytes"/>.</summary>
    public static int ToToken(this char value) => Bytes.TokenToId(ByteAlphabet.Char((byte)value).ToString())!.Value;

    public static bool Allows(this TokenConstraint constraint, ConstraintState state, int token) => (constraint.Mask(state)[token >> 5] >> token & 1) == 1;

    public static List<int> Allowed(this TokenConstraint constraint, ConstraintState state)
    {
        var mask = constraint.Mask(state);
        var allowed = new List<int>();
        for (var i = 0; i < mask.Length; i++)
            for (var bits = mask[i]; bits != 0; bits &= bits - 1) allowed.Add((32 * i) + BitOperations.TrailingZeroCount(bits));
        return allowed;
    }

    /// <summary>How many bytes of a text, fed one at a time, are accepted; and the state after them.</summary>
    public static (int Accepted, ConstraintState State) Feed(this TokenConstraint constraint, string text)
    {
        var state = constraint.Start;
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var i = 0; i < bytes.Length; i++)
        {
            var token = ((char)bytes[i]).ToToken();
            if (!constraint.Allows(state, token)) return (i, state);
            state = constraint.Advance(state, token);
        }
        return (bytes.Length, state);
    }

    /// <summary>Whether a whole text is accepted.</summary>
    public static bool Accepts(this TokenConstraint constraint, string text) =>
        constraint.Feed(text) is var (accepted, state) && accepted == Encoding.UTF8.GetByteCount(text) && state.IsComplete;

    /// <summary>Draws tokens under the mask until the end token; after <paramref name="patience"/> of them it closes what it can. Null where it is never done.</summary>
    public static string? Draw(this TokenConstraint constraint, RandomKey key, BpeTokenizer tokenizer, int? end = null, int patience = 40)
    {
        var closers = new[] { end ?? End(tokenizer) }.Concat("\"}]".Select(c => tokenizer.TokenToId(c.ToString())!.Value)).ToArray();
        var (state, tokens) = (constraint.Start, new List<int>());
        for (var i = 0; i < 2000; i++)
        {
            var allowed = constraint.Allowed(state);
            Assert.NotEmpty(allowed);
            var closing = closers.Where(allowed.Contains).ToArray();
            var hurried = closing.Length > 0 && (i > patience || key.Uniform(2 * i) < 0.15);
            var token = hurried ? closing[0] : allowed[key.Below((2 * i) + 1, allowed.Count)];
            state = constraint.Advance(state, token);
            if (token == closers[0]) return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(tokenizer.DecodeBytes([.. tokens]));
            tokens.Add(token);
        }
        return null;
    }

    /// <summary>A text cut into tokens: each the longest that fits, or any that fits, as <paramref name="key"/> has it.</summary>
    public static int[] Split(string text, BpeTokenizer tokenizer, RandomKey? key)
    {
        var (bytes, tokens) = (Encoding.UTF8.GetBytes(text), new List<int>());
        for (var at = 0; at < bytes.Length; at += tokenizer.BytesOf(tokens[^1], first: false).Length)
        {
            var fitting = Enumerable.Range(0, tokenizer.VocabSize)
                .Where(id => tokenizer.AddedTokens.All(added => added.Id != id) && tokenizer.BytesOf(id, first: false).Length > 0 && bytes.AsSpan(at).StartsWith(tokenizer.BytesOf(id, first: false)))
                .OrderByDescending(id => tokenizer.BytesOf(id, first: false).Length).ToArray();
            tokens.Add(fitting[key?.Below(at, fitting.Length) ?? 0]);
        }
        return [.. tokens];
    }

    private static BpeTokenizer Tokenizer(IEnumerable<byte[]> pieces)
    {
        var spelled = Enumerable.Range(0, 256).Select(value => ByteAlphabet.Char((byte)value).ToString()).Concat(pieces.Select(piece => string.Concat(piece.Select(ByteAlphabet.Char)))).Distinct().ToList();
        var definition = new TokenizerDefinition
        {
            Vocabulary = spelled.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id, StringComparer.Ordinal),
            Merges = [],
            AddedTokens = [new AddedToken(spelled.Count, "<end>", Special: true), new AddedToken(spelled.Count + 1, "<pad>", Special: false)],
        }.WithByteLevel(@"\S+|\s+");
        return new BpeTokenizer(definition, "test");
    }
}
