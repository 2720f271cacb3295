using RftAspire.Contracts.Graders;

namespace RftAspire.Services.Tests.Grading;

public sealed class FormulaTests
{
    private static readonly string[] s_names = ["a", "b", "_c1"];

    [Theory]
    [InlineData("a", 0.5)]
    [InlineData("0.2 * a + 0.8*b", 1.7)]
    [InlineData("a - b - _c1", 1.5)]
    [InlineData("8 / b / b", 2)]
    [InlineData("2^3^2", 512)]
    [InlineData("-2^2", -4)]
    [InlineData("(-2)^2", 4)]
    [InlineData("2^-1", 0.5)]
    [InlineData("--a", 0.5)]
    [InlineData("-a*+b", -1)]
    [InlineData("(a+b)*(a-b)", -3.75)]
    [InlineData("min(a, b, _c1)", -3)]
    [InlineData("max(a,b)", 2)]
    [InlineData("min(b)", 2)]
    [InlineData("abs(_c1)", 3)]
    [InlineData("floor(2.7) + ceil(2.1)", 5)]
    [InlineData("floor(-0.5)", -1)]
    [InlineData("exp(0) + log(exp(2))", 3)]
    [InlineData("sqrt(16)", 4)]
    [InlineData("1.5e1 + 2E-1 + .5", 15.7)]
    [InlineData(" ( ( a ) ) ", 0.5)]
    public void Evaluate_Formula_IsArithmetic(string text, double value) =>
        Assert.Equal(value, Formula.Parse(text, s_names, "$").Evaluate([0.5, 2, -3]), 12);

    [Theory]
    [InlineData("a / 0", double.PositiveInfinity)]
    [InlineData("0 / 0", double.NaN)]
    [InlineData("log(0)", double.NegativeInfinity)]
    [InlineData("sqrt(0 - 1)", double.NaN)]
    public void Evaluate_WhereMathematicsHasNone_IsNoFiniteNumber(string text, double value) =>
        Assert.Equal(value, Formula.Parse(text, s_names, "$").Evaluate([0.5, 2, -3]));

    [Theory]
    [InlineData("", "ends too early")]
    [InlineData("a +", "ends too early")]
    [InlineData("(a", "ends where ')' is expected")]
    [InlineData("a)", "')' is not expected")]
    [InlineData("a b", "'b' is not expected")]
    [InlineData("a ** b", "'*' is not expected")]
    [InlineData("d + 1", "'d' is no grader; known are a, b, _c1")]
    [InlineData("sqrt(a, b)", "sqrt takes 1 value, not 2")]
    [InlineData("min()", "')' is not expected")]
    [InlineData("sqrt a", "'a' stands where '(' is expected")]
    [InlineData("a.b", "'.' is not expected")]
    [InlineData("__import__('os')", "'__import__' is no grader")]
    [InlineData("1.2.3", "'1.2.3' is no number")]
    [InlineData("1e999", "'1e999' is no number")]
    [InlineData("a % b", "'%' is not expected")]
    public void Parse_NoFormula_SaysWhatAndWhere(string text, string fault)
    {
        var error = Assert.Throws<GraderException>(() => Formula.Parse(text, s_names, "$.calculate_output"));

        Assert.Equal("$.calculate_output", error.Path);
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(", ")", "1", 65, "64 deep")]
    [InlineData("-", "", "1", 65, "64 deep")]
    [InlineData("2^", "", "1", 65, "64 deep")]
    [InlineData("1+", "", "1", 2100, "4096")]
    public void Parse_TooDeepOrTooLong_IsRefused(string before, string after, string middle, int times, string limit)
    {
        var text = string.Concat(Enumerable.Repeat(before, times)) + middle + string.Concat(Enumerable.Repeat(after, times));

        Assert.Contains(limit, Assert.Throws<GraderException>(() => Formula.Parse(text, s_names, "$")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_LongestSum_Works() =>
        Assert.Equal(2048, Formula.Parse(string.Concat(Enumerable.Repeat("1+", 2047)) + "1", s_names, "$").Evaluate([0, 0, 0]));

    [Fact]
    public void Variables_Formula_AreThoseItReads() => Assert.Equal([0, 2], Formula.Parse("max(_c1, a) + a", s_names, "$").Variables.Order());
}
