using RftAspire.Grading;
using RftAspire.Services.Tests.Grading.Rules;

namespace RftAspire.Services.Tests.Grading.Text;

public sealed class TextSimilarityGraderTests
{
    [Theory]
    [InlineData("fuzzy_match", 0.95)]
    [InlineData("bleu", 0.19205612637498934)]
    [InlineData("gleu", 2.0 / 22)]
    [InlineData("meteor", 0.1639344262295082)]
    [InlineData("rouge_1", 4.0 / 13)]
    [InlineData("rouge_2", 0)]
    [InlineData("rouge_5", 0)]
    [InlineData("rouge_l", 4.0 / 13)]
    public void Grade_Metric_ComparesAnswerWithRow(string metric, double expected) =>
        Assert.Equal(expected, Grader(metric).Reward("""{"right":"the cat is on the mat"}""", """{"a":"the the the the the the the"}"""), 12);

    [Theory]
    [InlineData("cosine")]
    [InlineData("rouge_3")]
    [InlineData("rouge_4")]
    public void Grade_SameText_IsOne(string metric) =>
        Assert.Equal(1, Grader(metric).Reward("""{"right":"one two three four"}""", """{"a":"One, two, three - four!"}"""), 12);

    [Fact]
    public void Grade_AnswerOrRowWithoutText_IsZeroOrUngraded()
    {
        Assert.Equal(0, Grader("bleu").Reward("""{"right":"x"}""", "x"));
        Assert.Equal("invalid_reference", Grader("bleu").Ungraded("{}", """{"a":"x"}""").Kind);
    }

    [Fact]
    public void ConstantAnswers_Rows_AreTheCommonestReferences() => Assert.Equal(["""{"a":"y"}""", """{"a":"x"}""", """{"a":""}"""],
        Grader("bleu").ConstantAnswers(TestRows.Items("""{"right":"y"}""", """{"right":"x"}""", """{"right":"y"}""")));

    private static IGrader Grader(string metric) => new GraderFactory().Parse(
        $$$"""{"type":"text_similarity","name":"n","input":"{{sample.output_json.a}}","reference":"{{item.right}}","evaluation_metric":"{{{metric}}}","pass_threshold":0.5}""");
}
