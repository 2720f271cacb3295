using System.Text.Json;

namespace RftAspire.Engine.Tokenization;

/// <summary>A token matched as a whole before the text is split; special ones are control tokens such as an end of text.</summary>
public sealed record AddedToken(int Id, string Content, bool Special)
{
    /// <summary>Counts only where no letter, digit or mark touches it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Takes the whitespace before it along.</summary>
    public bool LStrip { get; init; }

    /// <summary>Takes the whitespace after it along.</summary>
    public bool RStrip { get; init; }

    /// <summary>Is looked for in the normalized text, and normalized for that itself.</summary>
    public bool Normalized { get; init; }
}

/// <summary>
/// What a tokenizer.json says. Vocabulary and merges are in the engine's terms; the four steps around them stay as they are written
/// (see <see cref="TokenizerSteps"/>), so that saving gives back what was read.
/// </summary>
internal sealed record TokenizerDefinition
{
    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];
    /// <summary>Stands for a character that neither the vocabulary nor its bytes can spell.</summary>
    public string? UnknownToken { get; init; }
    /// <summary>Unknown characters in a row are one unknown token.</summary>
    public bool FuseUnknown { get; init; }
    /// <summary>A character that the vocabulary lacks becomes tokens such as &lt;0xE4&gt;, one a byte.</summary>
    public bool ByteFallback { get; init; }
    /// <summary>A piece that is in the vocabulary is one token, whatever the merges say.</summary>
    public bool IgnoreMerges { get; init; }
    public JsonElement? Normalizer { get; init; }
    public JsonElement? PreTokenizer { get; init; }
    public JsonElement? PostProcessor { get; init; }
    public JsonElement? Decoder { get; init; }

    /// <summary>A byte-level vocabulary's steps with this split pattern, and composition to form C where asked.</summary>
    public TokenizerDefinition WithByteLevel(string pattern, bool formC = false) => this with
    {
        Normalizer = formC ? JsonSerializer.SerializeToElement(new { type = "NFC" }) : null,
        PreTokenizer = JsonSerializer.SerializeToElement(new
        {
            type = "Sequence",
            pretokenizers = new object[]
            {
                new { type = "Split", pattern = new { Regex = pattern }, behavior = "Isolated", invert = false },
                new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = false },
            },
        }),
        Decoder = JsonSerializer.SerializeToElement(new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = false }),
    };

    /// <summary>The same with these tokens before and after a text of its own.</summary>
    public TokenizerDefinition WithEnds((string Token, int Id)[] before, (string Token, int Id)[] after) => this with
    {
        PostProcessor = JsonSerializer.SerializeToElement(new
        {
            type = "TemplateProcessing",
            single = (object[])[.. before.Select(Piece), new { Sequence = new { id = "A", type_id = 0 } }, .. after.Select(Piece)],
            special_tokens = before.Concat(after).Distinct().ToDictionary(end => end.Token, end => new { id = end.Token, ids = (int[])[end.Id], tokens = (string[])[end.Token] }),
        }),
    };

    private static object Piece((string Token, int Id) end) => new { SpecialToken = new { id = end.Token, type_id = 0 } };
}
