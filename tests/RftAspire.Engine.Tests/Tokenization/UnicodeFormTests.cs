using FsCheck;
using FsCheck.Fluent;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Tokenization;

public sealed class UnicodeFormTests
{
    [Theory]
    [InlineData("plain ASCII and \u00e9", "plain ASCII and \u00e9")]
    [InlineData("A\u0308pfel", "\u00c4pfel")]
    [InlineData("\u1100\u1161\u11a8", "\uac01")] // Hangul: lead, vowel, trail
    [InlineData("\uac00\u11a8", "\uac01")]
    [InlineData("\uac01\u11a8", "\uac01\u11a8")] // a syllable takes one trail only
    [InlineData("a\u0327\u0301", "\u00e1\u0327")] // a mark of another class does not block
    [InlineData("a\u0301\u0301", "\u00e1\u0301")]
    [InlineData("e\u0301\u0302", "\u00e9\u0302")] // the first of one class blocks the second
    [InlineData("q\u0307\u0323", "q\u0323\u0307")] // marks in order of their class
    [InlineData("\u1e9b\u0323", "\u1e9b\u0323")]
    [InlineData("\u0344", "\u0308\u0301")] // decomposes, is never composed
    [InlineData("\u212b", "\u00c5")]
    [InlineData("\u0958", "\u0915\u093c")]
    [InlineData("\U000110a5\U000110ba", "\U000110ab")]
    [InlineData("\u0301a", "\u0301a")]
    public void Normalize_StandardCases_AreComposed(string text, string expected) => Assert.Equal(expected, UnicodeForm.C(text));

    [Theory]
    [InlineData("\u00c4\uac01\u1e9b\u0323", "A\u0308\u1100\u1161\u11a8\u017f\u0323\u0307", "\u00c4\uac01\u1e69", "A\u0308\u1100\u1161\u11a8s\u0323\u0307")]
    [InlineData("\ufb01\u00bd\uff76\uff9e", "\ufb01\u00bd\uff76\uff9e", "fi1\u20442\u30ac", "fi1\u20442\u30ab\u3099")]
    [InlineData("\ufdfa", "\ufdfa", "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 \u0648\u0633\u0644\u0645", "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 \u0648\u0633\u0644\u0645")]
    [InlineData("\U0001D400\u2460\u00a0", "\U0001D400\u2460\u00a0", "A1 ", "A1 ")]
    public void Normalize_OtherForms_DecomposeOrTakeTheCompatible(string text, string d, string kc, string kd)
    {
        Assert.Equal(d, UnicodeForm.D(text));
        Assert.Equal(kc, UnicodeForm.KC(text));
        Assert.Equal(kd, UnicodeForm.KD(text));
    }

    [Fact]
    public void Normalize_Twice_ChangesNothing() => Prop.ForAll(Marks, text =>
        UnicodeForm.C(UnicodeForm.C(text)) == UnicodeForm.C(text)).QuickCheckThrowOnFailure();

    [Fact]
    public void Normalize_MarksOfDifferentClassInAnyOrder_AreTheSame() => Prop.ForAll(Gen.Choose('A', 'z').ToArbitrary(), letter =>
        UnicodeForm.C($"{(char)letter}\u0301\u0323\u0327") == UnicodeForm.C($"{(char)letter}\u0327\u0301\u0323"))
        .QuickCheckThrowOnFailure();

    private static Arbitrary<string> Marks => Gen.OneOf(Gen.Choose(0xC0, 0x36F), Gen.Choose(0x1100, 0x11FF), Gen.Choose(0x1E00, 0x1FFF), Gen.Choose(0x900, 0x9FF))
        .Select(char.ConvertFromUtf32).ListOf().Select(string.Concat).ToArbitrary();
}
