using System.Text.RegularExpressions;

namespace RftAspire.Engine.Tokenization;

/// <summary>One step of pre-tokenization: which pieces a pattern makes of a text.</summary>
internal sealed partial class SplitRule
{
    public const string Gpt2Pattern =
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Letters, digits and punctuation, each with the space before it.</summary>
    public const string WordPattern = @" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    // Patterns of known tokenizers run in linear time; a crafted one must not hold a service for ever.
    private const int TimeoutMilliseconds = 10_000;

    private readonly Regex regex;

    public SplitRule(string pattern, bool keepMatches = true, bool keepGaps = true)
    {
        RefuseOtherMeaning(pattern);
        (Pattern, KeepMatches, KeepGaps) = (pattern, keepMatches, keepGaps);
        regex = pattern switch
        {
            Gpt2Pattern => Gpt2Regex(),
            Qwen2Pattern => Qwen2Regex(),
            WordPattern => WordRegex(),
            _ => new Regex(pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(TimeoutMilliseconds)),
        };
    }

    public string Pattern { get; }
    public bool KeepMatches { get; }
    public bool KeepGaps { get; }

    /// <summary>Splits [start, end) of the text as if nothing stood around it.</summary>
    public void Split(string text, int start, int end, List<(int Start, int End)> pieces)
    {
        var gap = start;
        foreach (var match in regex.EnumerateMatches(text.AsSpan(start, end - start)))
        {
            if (match.Length == 0) continue;
            var from = start + match.Index;
            if (KeepGaps && from > gap) pieces.Add((gap, from));
            if (KeepMatches) pieces.Add((from, from + match.Length));
            gap = from + match.Length;
        }
        if (KeepGaps && end > gap) pieces.Add((gap, end));
    }

    /// <summary>Refuses syntax that means something else here than in the regex library that tokenizer.json is written for.</summary>
    private static void RefuseOtherMeaning(string pattern)
    {
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (char.IsSurrogate(c)) throw new NotSupportedException("characters beyond U+FFFF in a split pattern");
            if (c == '\\') i++;
            else if (inClass) CheckInClass(pattern.AsSpan(i), ref inClass);
            else if (c is '^' or '$') throw new NotSupportedException($"the anchor '{c}' in a split pattern");
            else if (c is '[') (inClass, i) = (true, pattern.AsSpan(i).StartsWith("[^") ? i + 1 : i);
        }
    }

    private static void CheckInClass(ReadOnlySpan<char> rest, ref bool inClass)
    {
        if (rest[0] == '[' || rest.StartsWith("&&")) throw new NotSupportedException("a class within a class in a split pattern");
        inClass = rest[0] != ']';
    }

    [GeneratedRegex(Gpt2Pattern, RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex Gpt2Regex();

    [GeneratedRegex(Qwen2Pattern, RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex Qwen2Regex();

    [GeneratedRegex(WordPattern, RegexOptions.CultureInvariant, TimeoutMilliseconds)]
    private static partial Regex WordRegex();
}
