using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading.Rules;

public sealed class LabelSetMetricTests
{
    [Theory]
    // Right a and b, wrong x, missed c and d.
    [InlineData("f_beta", 4.0 / 7)]
    [InlineData("precision", 2.0 / 3)]
    [InlineData("recall", 0.5)]
    [InlineData("exact", 0)]
    [InlineData("jaccard", 0.4)]
    public void Grade_Metric_GivesItsShare(string metric, double expected) =>
        Assert.Equal(expected, Reward($",\"metric\":\"{metric}\"", """["a","b","c","d"]""", """["a","x","b"]"""), 12);

    [Theory]
    [InlineData("f_beta")]
    [InlineData("precision")]
    [InlineData("recall")]
    [InlineData("exact")]
    [InlineData("jaccard")]
    public void Grade_EmptySets_GiveTheFieldEmpty(string metric)
    {
        Assert.Equal(0, Reward($",\"metric\":\"{metric}\"", "[]", "[]"));
        Assert.Equal(1, Reward($",\"metric\":\"{metric}\",\"empty\":1", "[]", "[]"));
        Assert.Equal(0, Reward($",\"metric\":\"{metric}\",\"empty\":1", "[]", "[1]"));
        Assert.Equal(0, Reward($",\"metric\":\"{metric}\",\"empty\":1", "[1]", "[]"));
    }

    [Theory]
    [InlineData("[1,5]", "[5.0,1e0]", 1)]
    [InlineData("[1]", "[\"1\"]", 0)]
    [InlineData("[true,false]", "[false,true]", 1)]
    [InlineData("[true]", "[\"true\"]", 0)]
    [InlineData("[0]", "[-0.0]", 1)]
    [InlineData("[0.1]", "[0.10]", 1)]
    [InlineData("[9007199254740993]", "[9007199254740992]", 0)]
    [InlineData("[\"a\",1,true]", "[1,true,\"a\"]", 1)]
    [InlineData("[1]", "[1,1]", 0)]
    [InlineData("[1,1]", "[1]", 1)]
    [InlineData("[1]", "[null]", 0)]
    [InlineData("[\"a\"]", "[\"A\"]", 0)]
    public void Grade_Labels_AreEqualAsJsonValues(string reference, string answer, double expected) =>
        Assert.Equal(expected, Reward(",\"metric\":\"exact\"", reference, answer));

    [Fact]
    public void Grade_IgnoreCase_TakesCasesAlike() => Assert.Equal(1, Reward(",\"ignore_case\":true", """["Énergie"]""", """["éNERGIE"]"""));

    [Fact]
    public void ConstantAnswers_Numbers_AreWrittenAsNumbers() => Assert.Equal(["""{"labels":[5]}""", """{"labels":[5,1]}""", """{"labels":[]}""", """{"labels":[1,5]}"""],
        Grader("").ConstantAnswers(TestRows.Items("""{"right":[1,5.0]}""", """{"right":[5]}""")));

    private static double Reward(string options, string reference, string answer) =>
        Grader(options).Reward($$"""{"right":{{reference}}}""", $$"""{"labels":{{answer}}}""");

    private static IGrader Grader(string options) => new GraderFactory().Parse($$$"""{"type":"label_set","reference":"{{item.right}}"{{{options}}}}""");
}
