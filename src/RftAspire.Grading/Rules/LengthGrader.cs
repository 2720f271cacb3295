using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Grading.Text;

namespace RftAspire.Grading.Rules;

/// <summary>How near the answer's length is to the right one. An answer that lacks the text to be measured has reward 0.</summary>
public sealed class LengthGrader(LengthDefinition definition) : RuleGrader
{
    private const int LongestConstant = 10_000;

    /// <summary>An answer of filler of the least right length.</summary>
    public override IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items)
    {
        if (definition.Min > LongestConstant) return [];
        var filler = definition.Unit switch
        {
            LengthUnit.Characters => "a",
            LengthUnit.Words => "a ",
            _ => "a\n",
        };
        return [definition.Input.Answer(string.Concat(Enumerable.Repeat(filler, definition.Min)))];
    }

    protected override GradeResult Compute(GradeRequest request) =>
        new GradeResult.Reward(definition.Input.Fill(request) is { } input ? Fit(Count(input)) : 0);

    private double Fit(int length)
    {
        var off = length < definition.Min ? definition.Min - length : length > definition.Max ? length - definition.Max.Value : 0;
        return off == 0 ? 1 : off >= definition.Falloff ? 0 : 1 - off / definition.Falloff;
    }

    private int Count(string text) => definition.Unit switch
    {
        LengthUnit.Characters => CountLetters(text),
        LengthUnit.Words => Words.Count(text),
        _ => text.AsSpan().Count('\n') + (text.Length == 0 || text[^1] == '\n' ? 0 : 1),
    };

    private static int CountLetters(string text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes()) count++;
        return count;
    }
}
