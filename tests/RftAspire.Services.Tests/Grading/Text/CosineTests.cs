using RftAspire.Grading.Text;

namespace RftAspire.Services.Tests.Grading.Text;

public sealed class CosineTests
{
    [Theory]
    // " ab " has a, b, " a", ab, "b ", " ab", "ab "; " ac " likewise: common are a and " a" of seven each.
    [InlineData("ab", "AC!", 2.0 / 7)]
    // " a " has a, " a", "a ", " a "; " a a " has a, " a", "a " twice, " a " twice, and "a a": 8 / (√4 √17).
    [InlineData("a", "a a", 8 / 8.246211251235321)]
    [InlineData("a-b", "A b", 1)]
    [InlineData("世", "界", 0)]
    [InlineData("...", "...", 0)]
    [InlineData("", "a", 0)]
    public void Similarity_Text_IsCosineOfCounts(string one, string other, double expected) =>
        Assert.Equal(expected, Cosine.Similarity(one, other), 12);

    [Fact]
    public void Similarity_LikeTexts_AreCloserThanUnlike()
    {
        const string Reference = "The council adopts the regulation.";

        var like = Cosine.Similarity("Regulations adopted by the Council", Reference);

        Assert.InRange(like, Cosine.Similarity("Fish prices rose again in spring", Reference) + 0.3, 1);
    }
}
