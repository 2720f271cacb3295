using System.Text.Json;
using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading;

public sealed class StringCheckGraderTests
{
    private const string Item = """{"label":"Yes","n":42,"meta":{"unit":"km"},"none":null}""";

    [Theory]
    [InlineData("eq", "Yes", 1)]
    [InlineData("eq", "yes", 0)]
    [InlineData("eq", "Yes.", 0)]
    [InlineData("ne", "No", 1)]
    [InlineData("ne", "Yes", 0)]
    [InlineData("like", "I say Yes!", 1)]
    [InlineData("like", "I say YES!", 0)]
    [InlineData("ilike", "I say YES!", 1)]
    [InlineData("ilike", "I say no", 0)]
    public void Grade_Operation_ComparesAsNamed(string operation, string answer, double reward) =>
        Assert.Equal(reward, Reward(operation, "{{sample.output_text}}", "{{item.label}}", answer));

    [Theory]
    [InlineData("{{sample.output_json.a.b}}", "{{item.n}} {{ item.meta.unit }}", """{"a":{"b":"42 km"}}""", 1)]
    [InlineData("{{sample.output_json.a}}", "{{item.n}}", """{"a":42}""", 1)]
    [InlineData("{{sample.output_json}}", "{{item.n}}", "42", 1)]
    [InlineData("{{sample.output_text}}", "{{item.meta}}", """{"unit":"km"}""", 1)]
    [InlineData("{{sample.output_text}}", "{{item.label}}", "{{item.label}}", 0)]
    public void Grade_Templates_AreFilledOnce(string input, string reference, string answer, double reward) =>
        Assert.Equal(reward, Reward("eq", input, reference, answer));

    [Theory]
    [InlineData("not JSON")]
    [InlineData("{}")]
    [InlineData("""{"a":null}""")]
    public void Grade_AnswerLacksTheValue_IsRewardZeroEvenForNe(string answer) =>
        Assert.Equal(0, Reward("ne", "{{sample.output_json.a}}", "x", answer));

    [Theory]
    [InlineData("{{item.missing}}")]
    [InlineData("{{item.none}}")]
    [InlineData("{{item.label.deeper}}")]
    public void Grade_RowLacksTheValue_IsUngraded(string reference)
    {
        var result = Grade("eq", "{{sample.output_text}}", reference, "Yes");

        Assert.Equal("invalid_reference", Assert.IsType<GradeResult.Ungraded>(result).Kind);
    }

    private static double Reward(string operation, string input, string reference, string answer) =>
        Assert.IsType<GradeResult.Reward>(Grade(operation, input, reference, answer)).Value;

    private static GradeResult Grade(string operation, string input, string reference, string answer) =>
        new GraderFactory().Parse(JsonSerializer.Serialize(new { type = "string_check", name = "n", operation, input, reference })).Grade(Item, answer);
}
