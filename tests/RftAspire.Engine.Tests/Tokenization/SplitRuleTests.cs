using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using RftAspire.Engine.Tokenization;
using RftAspire.Engine.Tokenization.Patterns;

namespace RftAspire.Engine.Tests.Tokenization;

/// <summary>Split patterns; the expected pieces are those of Oniguruma as tokenizer.json's own library calls it.</summary>
public sealed class SplitRuleTests
{
    private const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [Theory]
    [InlineData(Llama3, "I'LL pay 12345€\r\n\n  now", "I|'LL| pay| |123|45|€\r\n\n| | now")]
    [InlineData(@"(?i:'s|k)", "x'S y'\u017f K\u212a", "x|'S| y|'\u017f| |K|\u212a")] // long s and the Kelvin sign fold to s and k
    [InlineData(@"\s+$", "a  \n b  ", "a|  |\n b|  ")] // '$' is the end of each line
    [InlineData("^a", "a\na\n", "a|\n|a|\n")]
    [InlineData(@"\w+", "a\u24b6\u200db\u2163½e\u0301_", "a\u24b6|\u200d|b\u2163½e\u0301_")]
    [InlineData(@"[^\w\s]+", "a½\u24b6!?", "a|½|\u24b6|!?")] // a lone \w holds fractions, one in a class does not
    [InlineData(@"\d{1,3}+", "123456789", "123456789")] // braces and a plus repeat the group
    [InlineData(@"a{,2}", "aaaaa", "aa|aa|a")]
    [InlineData(@"a++a|b?+", "aab", "a|a|b")]
    [InlineData("x*", "axb", "a|x|b")] // an empty match parts what stands around it
    [InlineData("(?<=a)b|(?<!s)t", "abcbst", "a|b|cbst")]
    [InlineData("(?>a|ab)c|b", "abcac", "a|b|c|ac")]
    [InlineData(@"(?:\r?\n)+", "a\n\r\n\nb\r", "a|\n\r\n\n|b\r")]
    [InlineData("[]a]|[^]b]c", "a]cbc", "a|]|cbc")]
    [InlineData(@"[\s[.,]]+", "a .,b", "a| .,|b")]
    [InlineData(@"\p{^L}+|\P{N}", "ab1!", "a|b|1!")]
    [InlineData("[\U00010400-\U0001044F]+", "\U0001D400\U00010400\U00010428x", "\U0001D400|\U00010400\U00010428|x")] // beyond U+FFFF, by code point
    [InlineData(@"[a\-z]|\x{1F600}|\u0041", "b-z\U0001F600A", "b|-|z|\U0001F600|A")]
    [InlineData("a{x", "ba{x", "b|a{x")]
    public void Split_Pattern_MeansWhatOnigurumaMeans(string pattern, string text, string expected) =>
        Assert.Equal(expected.Split('|'), Pieces(new SplitRule(pattern), text));

    [Theory]
    [InlineData(SplitBehavior.Isolated, false, "the|-|final|-|-|countdown")]
    [InlineData(SplitBehavior.Removed, false, "the|final|countdown")]
    [InlineData(SplitBehavior.MergedWithPrevious, false, "the-|final-|-|countdown")]
    [InlineData(SplitBehavior.MergedWithNext, false, "the|-final|-|-countdown")]
    [InlineData(SplitBehavior.Contiguous, false, "the|-|final|--|countdown")]
    [InlineData(SplitBehavior.Removed, true, "-|-|-")]
    [InlineData(SplitBehavior.MergedWithPrevious, true, "the|-final|-|-countdown")]
    internal void Split_Behavior_KeepsOrJoinsMatches(SplitBehavior behavior, bool inverted, string expected) =>
        Assert.Equal(expected.Split('|'), Pieces(new SplitRule(Pattern.Literal("-"), behavior, inverted), "the-final--countdown"));

    [Theory]
    [InlineData(@"\bx", @"'\b'")]
    [InlineData(@"\h", @"'\h'")]
    [InlineData("a**", "'a**'")]
    [InlineData("a{2}?", "'a{2}?'")]
    [InlineData("(a*)*", "'(a*)*'")]
    [InlineData("(?i)a", "'(?i'")]
    [InlineData("(?<name>a)", "'(?<'")]
    [InlineData(@"(a)\1", @"'\1'")]
    [InlineData("(?<=a+)b", "'(?<=a+)'")]
    [InlineData(@"\p{Han}", @"'\p{Han}'")]
    [InlineData(@"(?i:\p{Lu})", @"'\p{Lu}'")]
    [InlineData("(?i:ß)", "'ß'")]
    [InlineData("(?i:straße|ss)", "'st'")]
    [InlineData("[a&&b]", "'&&'")]
    [InlineData("[[:alpha:]]", "'[:a'")]
    [InlineData("[z-a]", "'z-a'")]
    [InlineData("a{3,2}", "'a{3,2}'")]
    [InlineData("a{9999}", "'a{9999}'")]
    [InlineData("((((a{99}){99}){99}){99}){99}", "unfolds into more than")]
    [InlineData("(a", "without its end")]
    [InlineData("[a", "without its end")]
    [InlineData("a)", "')'")]
    [InlineData("\\", @"'\'")]
    public void Parse_OutsideTheSupportedPart_IsRefusedByName(string pattern, string expected) =>
        Assert.Contains(expected, Assert.Throws<NotSupportedException>(() => new SplitRule(pattern)).Message, StringComparison.Ordinal);

    [Fact]
    public void Split_AnyText_GivesAllOfItBack() => Prop.ForAll(Gen.Choose(0, 0x10FFFF).Where(System.Text.Rune.IsValid).Select(char.ConvertFromUtf32).ListOf().Select(string.Concat).ToArbitrary(), text =>
        new[] { Llama3, SplitRule.Gpt2Pattern, SplitRule.Qwen2Pattern, SplitRule.WordPattern }.All(pattern => string.Concat(Pieces(new SplitRule(pattern), text)) == text)).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(@"\s+$", ' ', 'x')] // backtracking alone would try each start with each end
    [InlineData(Llama3, ' ', 'x')]
    [InlineData(Llama3, 'a', '!')]
    [InlineData("[ab]*[bc]*d", 'b', 'e')]
    public void Split_OneMillionOfOneCharacter_IsLinear(string pattern, char c, char last)
    {
        var watch = Stopwatch.StartNew();
        var text = new string(c, 1 << 20) + last;
        Assert.Equal(text.Length, Pieces(new SplitRule(pattern), text).Sum(piece => piece.Length));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"took {watch.Elapsed}");
    }

    [Fact]
    public void Split_ExponentialPattern_StopsAtItsBound() =>
        Assert.Contains("steps", Assert.Throws<TokenizationException>(() => Pieces(new SplitRule("(?:a|a)+b"), new string('a', 40))).Message, StringComparison.Ordinal);

    [Fact]
    public void Split_DeepRepetition_IsRefusedBeforeTheStackEnds() =>
        Assert.Throws<TokenizationException>(() => Pieces(new SplitRule("(?:ab)+c"), string.Concat(Enumerable.Repeat("ab", 1 << 20))));

    private static List<string> Pieces(SplitRule rule, string text)
    {
        var ranges = new List<(int Start, int End)>();
        rule.Split(text, 0, text.Length, ranges);
        return [.. ranges.Select(range => text[range.Start..range.End])];
    }
}
