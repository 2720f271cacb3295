using RftAspire.Grading.Text;

namespace RftAspire.Services.Tests.Grading.Text;

public sealed class MeteorTests
{
    [Theory]
    // NLTK's documentation of meteor_score gives 0.6944: 12 matches in 6 chunks, none of them by a synonym.
    [InlineData(BleuTests.Answer, BleuTests.Reference, 0.6944444444444445)]
    [InlineData("non matching hypothesis", "this is a cat", 0)]
    // NLTK with its Porter stemmer in ORIGINAL_ALGORITHM mode and a WordNet without words.
    [InlineData("The council shall adopt the regulation by a simple majority", "A simple majority of the council adopts the regulation", 0.855940934065934)]
    [InlineData("order 4411 is late", "Late: the order numbered 4411 - is it lost?", 0.1941747572815534)]
    [InlineData("rates were cut twice in March and markets rallied", "markets rallying, the rate was cutting into March", 0.41333333333333333)]
    [InlineData("one two three four five six", "six five four three two one", 0.5)]
    [InlineData("It never rains but it pours, and so on and so forth; we shall see what the morning brings to the harbour", "never rains, pours", 0.5260416666666667)]
    // By hand: P = 1, R = 1/2, one chunk of one match: 0.5 / 0.95 · 0.5; a match by stem is as good.
    [InlineData("cat", "cats rest", 0.5 / 0.95 / 2)]
    [InlineData("", "cat", 0)]
    [InlineData("cat", "", 0)]
    public void Score_Text_GivesMeteor(string answer, string reference, double expected) =>
        Assert.Equal(expected, Meteor.Score(answer, reference), 12);

    [Fact]
    public void Score_SameText_LacksHalfAMatchCubed() => Assert.Equal(1 - 0.5 / 27, Meteor.Score("a rare case", "A rare case"), 12);

    // The examples of Porter's paper, rule by rule, taken through all steps by its author's own program.
    [Theory]
    [InlineData("caresses", "caress")]
    [InlineData("ponies", "poni")]
    [InlineData("ties", "ti")]
    [InlineData("caress", "caress")]
    [InlineData("cats", "cat")]
    [InlineData("feed", "feed")]
    [InlineData("agreed", "agre")]
    [InlineData("plastered", "plaster")]
    [InlineData("bled", "bled")]
    [InlineData("motoring", "motor")]
    [InlineData("sing", "sing")]
    [InlineData("conflated", "conflat")]
    [InlineData("troubled", "troubl")]
    [InlineData("sized", "size")]
    [InlineData("hopping", "hop")]
    [InlineData("falling", "fall")]
    [InlineData("hissing", "hiss")]
    [InlineData("fizzed", "fizz")]
    [InlineData("failing", "fail")]
    [InlineData("filing", "file")]
    [InlineData("happy", "happi")]
    [InlineData("sky", "sky")]
    [InlineData("relational", "relat")]
    [InlineData("conditional", "condit")]
    [InlineData("vietnamization", "vietnam")]
    [InlineData("predication", "predic")]
    [InlineData("operator", "oper")]
    [InlineData("hopefulness", "hope")]
    [InlineData("electriciti", "electr")]
    [InlineData("goodness", "good")]
    [InlineData("allowance", "allow")]
    [InlineData("replacement", "replac")]
    [InlineData("adoption", "adopt")]
    [InlineData("communism", "commun")]
    [InlineData("effective", "effect")]
    [InlineData("probate", "probat")]
    [InlineData("rate", "rate")]
    [InlineData("cease", "ceas")]
    [InlineData("controll", "control")]
    [InlineData("roll", "roll")]
    [InlineData("generalizations", "gener")]
    [InlineData("oscillators", "oscil")]
    [InlineData("is", "is")]
    [InlineData("élans", "élans")]
    public void Stem_Word_IsPorters(string word, string stem) => Assert.Equal(stem, PorterStemmer.Stem(word));
}
