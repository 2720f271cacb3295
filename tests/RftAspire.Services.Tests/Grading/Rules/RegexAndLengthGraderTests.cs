using System.Diagnostics;
using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading.Rules;

public sealed class RegexAndLengthGraderTests
{
    [Theory]
    [InlineData("""^\\d{3}$""", "", "123", 1)]
    [InlineData("""^\\d{3}$""", "", "12", 0)]
    [InlineData("b", "", "abc", 1)]
    [InlineData("B", "", "abc", 0)]
    [InlineData("B", ",\"ignore_case\":true", "abc", 1)]
    [InlineData("^b$", "", "a\nb", 0)]
    [InlineData("^b$", ",\"multiline\":true", "a\nb", 1)]
    [InlineData("#### (.+)", ",\"reference\":\"{{item.a}}\"", "x\n#### 72", 1)]
    [InlineData("#### (.+)", ",\"reference\":\"{{item.a}}\"", "#### 7 #### 72", 0)]
    [InlineData("(x)?(?<answer>\\\\d+)", ",\"reference\":\"{{item.a}}\"", "is 72", 1)]
    [InlineData("a|(b)", ",\"reference\":\"{{item.a}}\"", "a", 0)]
    [InlineData("(seventy.two)", ",\"ignore_case\":true,\"reference\":\"Seventy-Two\"", "seventy-two", 1)]
    public void Grade_Regex_MatchesAndComparesItsGroup(string pattern, string options, string answer, double expected) =>
        Assert.Equal(expected, Regex(pattern, options).Reward("""{"a":72}""", answer));

    [Fact]
    public void Grade_PatternThatBacktrackingHangsOn_TakesNoTime()
    {
        var watch = Stopwatch.StartNew();

        Assert.Equal(0, Regex("^(a+)+$", "").Reward("{}", new string('a', 200_000) + "!"));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("characters", 3, 5, "abcd", 1)]
    [InlineData("characters", 3, 5, "ab", 0.5)]
    [InlineData("characters", 3, 5, "abcdef", 0.5)]
    [InlineData("characters", 3, 5, "abcdefg", 0)]
    [InlineData("characters", 3, 5, "", 0)]
    [InlineData("characters", 3, 3, "😀é世", 1)]
    [InlineData("words", 2, 2, "two words.", 1)]
    [InlineData("words", 2, 2, " - ", 0)]
    [InlineData("words", 2, 2, "你好", 1)]
    [InlineData("lines", 2, 2, "a\nb\n", 1)]
    [InlineData("lines", 2, 2, "a\n\nb", 0.5)]
    [InlineData("lines", 0, 0, "", 1)]
    public void Grade_Length_FallsOffLinearly(string unit, int min, int max, string answer, double expected) =>
        Assert.Equal(expected, Length($"\"unit\":\"{unit}\",\"target_min\":{min},\"target_max\":{max},\"falloff\":2").Reward("{}", answer));

    [Fact]
    public void Grade_LengthWithoutFalloff_IsOneOrZero()
    {
        var grader = Length("\"unit\":\"characters\",\"target_max\":2,\"input\":\"{{sample.output_json.a}}\"");

        Assert.Equal(1, grader.Reward("{}", """{"a":"xy"}"""));
        Assert.Equal(0, grader.Reward("{}", """{"a":"xyz"}"""));
        Assert.Equal(0, grader.Reward("{}", "no JSON"));
    }

    [Theory]
    [InlineData("characters")]
    [InlineData("words")]
    [InlineData("lines")]
    public void ConstantAnswers_Length_ReachTheReward(string unit)
    {
        var grader = Length($"\"unit\":\"{unit}\",\"target_min\":7,\"target_max\":9");

        Assert.Equal(1, grader.Reward("{}", Assert.Single(grader.ConstantAnswers([]))));
    }

    private static IGrader Regex(string pattern, string options) =>
        new GraderFactory().Parse($$$"""{"type":"regex","input":"{{sample.output_text}}","pattern":"{{{pattern}}}"{{{options}}}}""");

    private static IGrader Length(string options) => new GraderFactory().Parse($$"""{"type":"length",{{options}}}""");
}
