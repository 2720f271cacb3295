using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading.Rules;

public sealed class RankingGraderTests
{
    [Theory]
    [InlineData("\"B\"", """["A","B","C"]""", 0.5)]
    [InlineData("\"A\"", """["A"]""", 1)]
    [InlineData("\"D\"", """["A","B"]""", 0)]
    [InlineData("\"D\"", "[]", 0)]
    // The first right one counts.
    [InlineData("""["C","B"]""", """["A","B","C"]""", 0.5)]
    [InlineData("""{"B":3,"A":0}""", """["A","B"]""", 0.5)]
    // A repeated item takes its place.
    [InlineData("\"B\"", """["A","A","A","B"]""", 0.25)]
    [InlineData("\"b\"", """["A","B"]""", 0)]
    public void Grade_ReciprocalRank_IsOneOverThePlace(string reference, string ranking, double expected) =>
        Assert.Equal(expected, Reward("\"metric\":\"reciprocal_rank\"", reference, ranking), 12);

    [Theory]
    [InlineData(1, "\"B\"", 0)]
    [InlineData(2, "\"B\"", 1)]
    [InlineData(2, """["X","B"]""", 1)]
    [InlineData(2, "\"C\"", 0)]
    public void Grade_TopK_IsOneWithinKPlaces(int k, string reference, double expected) =>
        Assert.Equal(expected, Reward($"\"metric\":\"top_k\",\"k\":{k}", reference, """["A","B","C"]"""));

    [Theory]
    // One right item at place 2: 1/log2(3).
    [InlineData(10, "\"B\"", """["A","B"]""", 0.6309297535714575)]
    // Wikipedia's example "Discounted cumulative gain": six of eight documents, 6.861 over 8.740.
    [InlineData(6, """{"d1":3,"d2":2,"d3":3,"d4":0,"d5":1,"d6":2,"d7":3,"d8":2}""", """["d1","d2","d3","d4","d5","d6"]""", 0.785002371969948)]
    // (3 + 2/log2(3)) over (3 + 3/log2(3)): only two places count.
    [InlineData(2, """{"a":3,"b":2,"c":3}""", """["a","b","c"]""", 0.8710490642551529)]
    // a again is nothing, and b stands at place 3: (1 + 1/2) over (1 + 1/log2(3)).
    [InlineData(10, """["a","b"]""", """["a","a","b"]""", 0.9197207891481876)]
    [InlineData(10, """["a","b"]""", """["b","a"]""", 1)]
    [InlineData(10, """["a","b"]""", "[]", 0)]
    public void Grade_Ndcg_IsGainOverTheBest(int k, string reference, string ranking, double expected) =>
        Assert.Equal(expected, Reward($"\"metric\":\"ndcg\",\"k\":{k}", reference, ranking), 12);

    [Fact]
    public void Grade_LongAnswer_IsCut()
    {
        const string Options = "\"metric\":\"reciprocal_rank\",\"max_items\":2";

        Assert.Equal(0.5, Reward(Options, "\"B\"", """["A","B","C"]"""));
        Assert.Equal(0, Reward(Options, "\"C\"", """["A","B","C"]"""));
    }

    [Fact]
    public void Grade_IgnoreCase_TakesCasesAlike() =>
        Assert.Equal(0.5, Reward("\"metric\":\"reciprocal_rank\",\"ignore_case\":true", "\"slc6a8\"", """["A","SLC6A8"]"""));

    [Theory]
    [InlineData("no JSON")]
    [InlineData("""["A"]""")]
    [InlineData("""{"genes":"A"}""")]
    [InlineData("""{"genes":["A",1]}""")]
    public void Grade_AnswerWithoutList_IsRewardZero(string answer) => Assert.Equal(0, Grader("\"metric\":\"ndcg\"").Reward("""{"right":"A"}""", answer));

    [Theory]
    [InlineData("1")]
    [InlineData("[]")]
    [InlineData("""["A",1]""")]
    [InlineData("{}")]
    [InlineData("""{"A":0}""")]
    [InlineData("""{"A":-1}""")]
    [InlineData("""{"A":"1"}""")]
    [InlineData("null")]
    public void Grade_RowWithoutRightItem_IsUngraded(string reference) =>
        Assert.Equal("invalid_reference", Grader("\"metric\":\"ndcg\"").Ungraded($$"""{"right":{{reference}}}""", """{"genes":["A"]}""").Kind);

    [Fact]
    public void ConstantAnswers_Rows_RankByGainOverAllRows()
    {
        var items = TestRows.Items("""{"right":"B"}""", """{"right":{"A":2,"C":0.5}}""", """{"right":["B","A"]}""");

        Assert.Equal(["""{"genes":["A","B","C"]}""", """{"genes":["A"]}"""], Grader("\"metric\":\"ndcg\"").ConstantAnswers(items));
    }

    private static double Reward(string options, string reference, string ranking) =>
        Grader(options).Reward($$"""{"right":{{reference}}}""", $$"""{"genes":{{ranking}}}""");

    private static IGrader Grader(string options) =>
        new GraderFactory().Parse($$$"""{"type":"ranking","reference":"{{item.right}}","output":"genes",{{{options}}}}""");
}
