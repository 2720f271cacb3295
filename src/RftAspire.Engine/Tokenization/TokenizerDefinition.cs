namespace RftAspire.Engine.Tokenization;

/// <summary>A token matched as a whole before the text is split; special ones are control tokens such as an end of text.</summary>
public sealed record AddedToken(int Id, string Content, bool Special);

/// <summary>All that a byte-level BPE tokenizer.json says, in the engine's terms.</summary>
internal sealed record TokenizerDefinition
{
    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }
    public required IReadOnlyList<SplitRule> Splits { get; init; }
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];
    public bool NormalizeToFormC { get; init; }
    /// <summary>A text that does not begin with a space gets one.</summary>
    public bool AddPrefixSpace { get; init; }
    /// <summary>A piece that is in the vocabulary is one token, whatever the merges say.</summary>
    public bool IgnoreMerges { get; init; }
}
