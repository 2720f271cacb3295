using System.Globalization;
using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Grading;
using RftAspire.Grading.Rules;

namespace RftAspire.Services.Tests.Grading.Rules;

public sealed class NumericGraderTests
{
    [Theory]
    [InlineData("42", 42)]
    [InlineData("  42. ", 42)]
    [InlineData("-3.50", -3.5)]
    [InlineData("\u22123", -3)]
    [InlineData("+7", 7)]
    [InlineData(".5", 0.5)]
    [InlineData("-.5", -0.5)]
    [InlineData("1,234,567.89", 1234567.89)]
    [InlineData("1\u202f234", 1234)]
    [InlineData("1'234", 1234)]
    [InlineData("1_000", 1000)]
    [InlineData("1e3", 1000)]
    [InlineData("2.5E\u22122", 0.025)]
    [InlineData("50%", 50)]
    [InlineData("50 %", 50)]
    [InlineData("$1,200", 1200)]
    [InlineData("-$5", -5)]
    [InlineData("$-5", -5)]
    [InlineData("\u2212 € 5", -5)]
    [InlineData("12.30 €.", 12.3)]
    [InlineData("USD 12", 12)]
    [InlineData("5 km/h", 5)]
    [InlineData("5m²", 5)]
    [InlineData("5e", 5)]
    [InlineData("007", 7)]
    public void Read_WholeText_FollowsTheGrammar(string text, double expected) => Assert.Equal(expected, Numbers.Read(text, NumberPlace.Whole));

    [Theory]
    [InlineData("EUR12")]
    [InlineData("")]
    [InlineData("none")]
    [InlineData("about 5")]
    [InlineData("5 or so")]
    [InlineData("5 6")]
    [InlineData("1,23")]
    [InlineData("1234,567")]
    [InlineData("1.2.3")]
    [InlineData("10-12")]
    [InlineData("1/2")]
    [InlineData("--5")]
    [InlineData("1e999")]
    [InlineData("USDX 5")]
    [InlineData("٣")]
    public void Read_WholeTextThatIsNoNumber_IsNull(string text) => Assert.Null(Numbers.Read(text, NumberPlace.Whole));

    [Theory]
    [InlineData("18 of 24 are left, so 3/4 = 0.75.", 18, 0.75)]
    [InlineData("The total is $1,234.50.", 1234.5, 1234.5)]
    [InlineData("from 10-12", 10, 12)]
    [InlineData("minus (-4) and -5", -4, -5)]
    [InlineData("1,2,3", 1, 3)]
    [InlineData("1,234,56", 1234, 56)]
    [InlineData("H2O at 20°C, GPT-4", 20, 4)]
    [InlineData("x_2 = 9", 9, 9)]
    [InlineData("version 1.2.3, then 7", 7, 7)]
    [InlineData("12:30", 12, 30)]
    [InlineData("1e5 or 2e-1x", 100000, 1)]
    [InlineData("work\n#### 72", 72, 72)]
    [InlineData("5km, 3rd", 5, 3)]
    [InlineData("50% - 20%", 50, 20)]
    [InlineData("\ud83d 5", 5, 5)]
    public void Read_NumberInText_IsFirstOrLast(string text, double first, double last)
    {
        Assert.Equal(first, Numbers.Read(text, NumberPlace.First));
        Assert.Equal(last, Numbers.Read(text, NumberPlace.Last));
    }

    [Theory]
    [InlineData("no number")]
    [InlineData("x2, 1.2.3 and 1e999")]
    public void Read_TextWithoutNumber_IsNull(string text)
    {
        Assert.Null(Numbers.Read(text, NumberPlace.First));
        Assert.Null(Numbers.Read(text, NumberPlace.Last));
    }

    [Fact]
    public void Read_RandomNumbers_ComeBackAsWritten()
    {
        var random = new Random(8);
        for (var round = 0; round < 2000; round++)
        {
            var number = Math.Round((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(1, 12)), random.Next(0, 6));
            foreach (var form in (string[])["R", "N6", "E16"])
            {
                var text = number.ToString(form, CultureInfo.InvariantCulture);

                Assert.Equal(number, Numbers.Read(text, NumberPlace.Whole));
                Assert.Equal(number, Numbers.Read($"It costs {text}, all told", NumberPlace.First));
            }
        }
    }

    [Theory]
    [InlineData("", "72", 72, 1)]
    [InlineData("", "72.0", 72, 1)]
    [InlineData("", "71", 72, 0)]
    [InlineData("", "9007199254740993", 9007199254740991, 0)]
    [InlineData(",\"tolerance\":0.1", "0.4", 0.3, 1)]
    [InlineData(",\"tolerance\":0.1", "0.41", 0.3, 0)]
    [InlineData(",\"relative_tolerance\":0.01", "-101", -100, 1)]
    [InlineData(",\"relative_tolerance\":0.01", "-102", -100, 0)]
    // The larger of the two holds.
    [InlineData(",\"tolerance\":5,\"relative_tolerance\":0.01", "104", 100, 1)]
    // From 1 at 1 to 0 at 5: 3 off is half way.
    [InlineData(",\"tolerance\":1,\"falloff\":5", "13", 10, 0.5)]
    [InlineData(",\"tolerance\":1,\"falloff\":5", "15", 10, 0)]
    [InlineData(",\"tolerance\":1,\"falloff\":5", "-1e300", 10, 0)]
    [InlineData(",\"falloff\":4", "9", 10, 0.75)]
    public void Grade_Answer_IsAsCloseAsItsNumber(string options, string answer, double reference, double expected) =>
        Assert.Equal(expected, Grader(options).Reward(JsonSerializer.Serialize(new { right = reference }), answer), 12);

    [Fact]
    public void Grade_LastNumbers_ReadsAnswerAndRowAlike() =>
        Assert.Equal(1, Grader(",\"extract\":\"last\"").Reward("""{"right":"5 and 67 make\n#### 72"}""", "So it is 72 dollars."));

    [Theory]
    [InlineData("\"many\"")]
    [InlineData("\"1 or 2\"")]
    [InlineData("[]")]
    public void Grade_RowWithoutNumber_IsUngraded(string reference) =>
        Assert.Equal("invalid_reference", Grader("").Ungraded($$"""{"right":{{reference}}}""", "1").Kind);

    [Fact]
    public void ConstantAnswers_Rows_AreCommonestNumbersAndMedian() => Assert.Equal(["5", "9", "1"],
        Grader("").ConstantAnswers(TestRows.Items("""{"right":"5"}""", """{"right":1}""", """{"right":9}""", """{"right":9}""", """{"right":5}""", """{"right":"x"}""")));

    private static IGrader Grader(string options) => new GraderFactory().Parse(
        $$$"""{"type":"numeric","input":"{{sample.output_text}}","reference":"{{item.right}}"{{{options}}}}""");
}
