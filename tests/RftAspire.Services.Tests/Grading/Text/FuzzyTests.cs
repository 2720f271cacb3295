using RftAspire.Grading.Text;

namespace RftAspire.Services.Tests.Grading.Text;

public sealed class FuzzyTests
{
    // The examples of RapidFuzz's documentation and of its tests of WRatio (tests/test_fuzz.py).
    [Theory]
    [InlineData("this is a test", "this is a new test!!!", 0.95)]
    [InlineData("new york mets", "new YORK mets", 1)]
    [InlineData("new york mets", "the wonderful new york mets", 0.9)]
    [InlineData("new york mets vs atlanta braves", "atlanta braves vs new york mets", 0.95)]
    [InlineData("South Korea", "North Korea", 0.8181818)]
    // Exactly eight times as long is still a part that counts 0.9.
    [InlineData("hello", "helloabcdeabcdeabcdeabcdeabcdeabcdeabcde", 0.9)]
    [InlineData("", "", 0)]
    public void Match_ExamplesOfRapidFuzz_GivesItsWRatio(string one, string other, double expected) =>
        Assert.Equal(expected, Fuzzy.Match(one, other), 7);

    // Numbers computed with RapidFuzz 3.14 in Python: WRatio with default_process, ratio, partial_ratio.
    [Theory]
    [InlineData("The council shall adopt the regulation by a simple majority", "A simple majority of the council adopts the regulation", 0.8504761904761904, 0.5486725663716814, 0.673913043478261)]
    [InlineData("Refund the deposit", "The customer asked us to refund the whole deposit before Friday, but the shop refused", 0.855, 0.33009708737864074, 0.6666666666666667)]
    [InlineData("order 4411 is late", "Late: the order numbered 4411 - is it lost?", 0.855, 0.5245901639344263, 0.6666666666666667)]
    [InlineData("x", "x marks the spot on the old map of the harbour", 0.6, 0.042553191489361646, 1)]
    [InlineData("Straße nach Süden", "Eine Strasse fuehrt nach Sueden", 0.855, 0.625, 0.7333333333333334)]
    [InlineData("привет мир", "мир, привет!", 0.95, 0.5454545454545454, 0.7058823529411764)]
    [InlineData("rates were cut twice in March and markets rallied", "markets rallying, the rate was cutting into March", 0.7051546391752578, 0.4489795918367348, 0.5641025641025641)]
    [InlineData("one two three four five six", "six five four three two one", 0.95, 0.4814814814814815, 0.5531914893617021)]
    [InlineData("alpha beta gamma", "delta epsilon zeta eta theta iota kappa", 0.4964516129032257, 0.36363636363636365, 0.5161290322580645)]
    [InlineData("data_set v2.1 failed", "the data_set v2 fails in build 2.1 of the pipeline, says the log", 0.855, 0.4285714285714286, 0.8)]
    [InlineData("你好 世界", "世界 你好 吗", 0.95, 0.5, 0.6666666666666667)]
    [InlineData("😀 happy days 😀", "happy day", 0.9473684210526316, 0.782608695652174, 1)]
    public void Match_Text_GivesRapidFuzzNumbers(string one, string other, double weighted, double ratio, double partial)
    {
        Assert.Equal(weighted, Fuzzy.Match(one, other), 12);
        Assert.Equal(ratio, Fuzzy.Ratio(one, other), 12);
        Assert.Equal(partial, Fuzzy.PartialRatio(one, other), 12);
    }

    [Theory]
    // RapidFuzz's documentation gives 96.55 (28 of 29 letters) and 100.
    [InlineData("this is a test", "this is a test!", 28.0 / 29, 1)]
    // Its tests: 81.81818 (nine letters twice over 13 + 9) and 85.71428.
    [InlineData("physics 2 vid", "study physics physics 2", 0.8181818181818, 0.8181818181818)]
    [InlineData("", "", 1, 1)]
    [InlineData("", "a", 0, 0)]
    public void PartialRatio_Examples_GiveTheirNumbers(string one, string other, double ratio, double partial)
    {
        if (ratio != partial) Assert.Equal(ratio, Fuzzy.Ratio(one, other), 12);
        Assert.Equal(partial, Fuzzy.PartialRatio(one, other), 7);
    }

    [Fact]
    public void PartialRatio_NeedleOver64Letters_GivesRapidFuzzNumber()
    {
        var (needle, text) = (new string('a', 70) + new string('b', 70), new string('b', 100) + new string('a', 150));

        Assert.Equal(0.3589743589743589, Fuzzy.Ratio(needle, text), 12);
        Assert.Equal(2.0 / 3, Fuzzy.PartialRatio(needle, text), 12);
    }
}
