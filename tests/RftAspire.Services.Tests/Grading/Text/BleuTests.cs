using RftAspire.Grading.Text;

namespace RftAspire.Services.Tests.Grading.Text;

public sealed class BleuTests
{
    // The sentences of Papineni et al. 2002, which NLTK's documentation uses for BLEU, GLEU and METEOR.
    internal const string Answer = "It is a guide to action which ensures that the military always obeys the commands of the party";
    internal const string Reference = "It is a guide to action that ensures that the military will forever heed Party commands";

    [Theory]
    // NLTK's documentation of SmoothingFunction.method2 gives 0.4452; the digits after it are computed with NLTK.
    [InlineData(Answer, Reference, 0.4452945001507636)]
    // NLTK with method2, on words split as here.
    [InlineData("The council shall adopt the regulation by a simple majority", "A simple majority of the council adopts the regulation", 0.21364350319811704)]
    [InlineData("order 4411 is late", "Late: the order numbered 4411 - is it lost?", 0.07306294305599051)]
    [InlineData("rates were cut twice in March and markets rallied", "markets rallying, the rate was cutting into March", 0.14490695731499714)]
    [InlineData("😀 happy days 😀", "happy day", 0.31947155212313627)]
    // One word of one is right, there are no longer runs, and 1 - 3/1 is the brevity: e^-2.
    [InlineData("cat", "cat and dog", 0.1353352832366127)]
    // (3/4 · 3/4 · 2/3 · 1/2)^¼ = (3/16)^¼: the full stop is a word.
    [InlineData("a b c.", "a b c!", 0.6580370064762462)]
    [InlineData("Cat", "cat", 0)]
    [InlineData("", "cat", 0)]
    [InlineData("cat", " ", 0)]
    [InlineData("cat", "cat", 1)]
    public void Score_Text_GivesBleu(string answer, string reference, double expected) =>
        Assert.Equal(expected, Bleu.Score(answer, reference), 12);

    [Theory]
    // NLTK's documentation of sentence_gleu gives 0.0909, 0.4393 and 0.1206.
    [InlineData("the the the the the the the", "the cat is on the mat", 2.0 / 22)]
    [InlineData(Answer, Reference, 29.0 / 66)]
    [InlineData("It is to insure the troops forever hearing the activity guidebook that party direct", Reference, 7.0 / 58)]
    // By hand: common a, b, a b of 3 + 2 + 1 and 2 + 1.
    [InlineData("a b c", "a b", 3.0 / 6)]
    // Every Chinese character is a word: 4 of 5, then 2 of 4 (你好, 世界), over 5 + 4 + 3 + 2.
    [InlineData("你好世界", "世界你好吗", 6.0 / 14)]
    [InlineData("", "", 0)]
    public void Google_Text_GivesGleu(string answer, string reference, double expected) =>
        Assert.Equal(expected, Bleu.Google(answer, reference), 12);
}
