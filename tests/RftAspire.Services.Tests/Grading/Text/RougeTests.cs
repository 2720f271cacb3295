using RftAspire.Grading.Text;

namespace RftAspire.Services.Tests.Grading.Text;

public sealed class RougeTests
{
    [Theory]
    // The sentences of the rouge-score package's README: rouge1 0.70588, rougeL 0.58824. Runs of two: the quick, quick brown of 8 and 7.
    [InlineData("The quick brown fox jumps over the lazy dog", "The quick brown dog jumps on the log.", 12.0 / 17, 4.0 / 15, 10.0 / 17)]
    // The package's own tests (rouge_scorer_test.py).
    [InlineData("testing one two", "testing", 1.0 / 2, 0, 1.0 / 2)]
    [InlineData("testing one two", "testing one", 4.0 / 5, 2.0 / 3, 4.0 / 5)]
    [InlineData("testing one two", "testing two", 4.0 / 5, 0, 4.0 / 5)]
    [InlineData("testing one two", "", 0, 0, 0)]
    [InlineData("", "", 0, 0, 0)]
    // Signs and underscores separate; case does not count.
    [InlineData("Don't PANIC", "don t_panic!", 1, 1, 1)]
    // Other scripts count, which the package drops: привет and мир; 你, 好, 世, 界 of 4 and 5, in runs of two 你好 and 世界 of 3 and 4.
    [InlineData("привет мир", "Мир, привет!", 1, 0, 1.0 / 2)]
    [InlineData("你好世界", "世界你好吗", 8.0 / 9, 4.0 / 7, 4.0 / 9)]
    [InlineData("café", "cafe", 0, 0, 0)]
    public void Runs_Text_GivesF1(string answer, string reference, double one, double two, double longest)
    {
        Assert.Equal(one, Rouge.Runs(answer, reference, 1), 12);
        Assert.Equal(two, Rouge.Runs(answer, reference, 2), 12);
        Assert.Equal(longest, Rouge.LongestCommon(answer, reference), 12);
    }

    [Theory]
    // Common runs of "a b c d e f" and "a b c d x e f": 6, 4, 2, 1, 0 of 6 - n + 1 and 7 - n + 1.
    [InlineData(1, 12.0 / 13)]
    [InlineData(2, 8.0 / 11)]
    [InlineData(3, 4.0 / 9)]
    [InlineData(4, 2.0 / 7)]
    [InlineData(5, 0)]
    public void Runs_EveryLength_CountsRunsOfThatLength(int length, double expected) =>
        Assert.Equal(expected, Rouge.Runs("a b c d e f", "a b c d x e f", length), 12);
}
