using System.Globalization;
using System.Text.Json;
using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading;

public sealed class LabelSetGraderTests
{
    private static readonly string[] s_names = ["Law", "Trade", "Finance", "law", "Énergie"];

    [Theory]
    // P = 1/2, R = 1/1.
    [InlineData(1, "[\"A\"]", """{"labels":["A","B"]}""", 2.0 / 3)]
    // P = 2/3, R = 2/4: F1 = 4/7; F2 = 5 * 1/3 / (8/3 + 1/2) = 10/19.
    [InlineData(1, "[\"A\",\"B\",\"C\",\"D\"]", """{"labels":["A","B","X"]}""", 4.0 / 7)]
    [InlineData(2, "[\"A\",\"B\",\"C\",\"D\"]", """{"labels":["A","B","X"]}""", 10.0 / 19)]
    [InlineData(1, "[\"A\",\"B\"]", """{"labels":["B","A"]}""", 1)]
    [InlineData(1, "[\"A\",\"A\"]", """ {"labels":["A"],"more":1} """, 1)]
    // A repeated label is a wrong one: P = 1/3, R = 1.
    [InlineData(1, "[\"A\"]", """{"labels":["A","A","A"]}""", 0.5)]
    [InlineData(1, "[\"A\"]", """{"labels":["a"]}""", 0)]
    [InlineData(1, "[\"A\"]", """{"labels":[]}""", 0)]
    [InlineData(1, "[]", """{"labels":[]}""", 0)]
    [InlineData(1, "[]", """{"labels":["A"]}""", 0)]
    public void Grade_Answer_GivesFBeta(double beta, string reference, string answer, double expected) =>
        Assert.Equal(expected, Reward(Grader(beta), reference, answer), 12);

    [Theory]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("[\"A\"]")]
    [InlineData("{\"labels\":\"A\"}")]
    [InlineData("{\"labels\":[\"A\",null]}")]
    [InlineData("{\"labels\":[\"A\",[]]}")]
    [InlineData("{\"label\":[\"A\"]}")]
    [InlineData("{\"labels\":[\"A\"]} ok")]
    [InlineData("{\"labels\":[\"A\"],\"labels\":[\"A\"]}")]
    [InlineData("{\"labels\":[\"A\",\"\\ud83d\"]}")]
    public void Grade_AnswerWithoutLabels_IsRewardZero(string answer) => Assert.Equal(0, Reward(Grader(1), "[\"A\"]", answer));

    [Fact]
    public void Grade_AnswerWithHalfASurrogatePair_IsRewardZero() =>
        // An attribute cannot carry it.
        Assert.Equal(0, Reward(Grader(1), "[\"A\"]", $$"""{"labels":["A","{{'\ud83d'}}"]}"""));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"labels":null}""")]
    [InlineData("""{"labels":"A"}""")]
    [InlineData("""{"labels":["A",null]}""")]
    public void Grade_RowWithoutLabels_IsUngraded(string item)
    {
        var result = Grader(1).Grade(item, """{"labels":["A"]}""");

        Assert.Equal("invalid_reference", Assert.IsType<GradeResult.Ungraded>(result).Kind);
    }

    [Fact]
    public void Grade_OtherOutputPath_ReadsItThere()
    {
        var grader = new GraderFactory().Parse("""{"type":"label_set","name":"f","reference":"{{item.labels}}","output":"answer.set"}""");

        Assert.Equal(1, Reward(grader, "[\"A\"]", """{"answer":{"set":["A"]}}"""));
    }

    [Fact]
    public void Grade_RandomSets_StayInRangeAndF1IsSymmetric()
    {
        var random = new Random(11);
        for (var round = 0; round < 500; round++)
        {
            var (one, other) = (Set(random), Set(random));
            var beta = Math.Exp(4 * random.NextDouble() - 2);

            var reward = Reward(Grader(beta), one, $$"""{"labels":{{other}}}""");

            Assert.InRange(reward, 0, 1);
            Assert.Equal(Reward(Grader(1), one, $$"""{"labels":{{other}}}"""), Reward(Grader(1), other, $$"""{"labels":{{one}}}"""));
            Assert.Equal(one == other && one != "[]", reward == 1);
        }
    }

    private static string Set(Random random) => JsonSerializer.Serialize(s_names.Where(_ => random.Next(2) == 0));

    private static IGrader Grader(double beta) => new GraderFactory().Parse(
        $$$$"""{"type":"label_set","name":"f","reference":"{{item.labels}}","beta":{{{{beta.ToString(CultureInfo.InvariantCulture)}}}}}""");

    private static double Reward(IGrader grader, string reference, string answer) =>
        Assert.IsType<GradeResult.Reward>(grader.Grade($$"""{"labels":{{reference}}}""", answer)).Value;
}
