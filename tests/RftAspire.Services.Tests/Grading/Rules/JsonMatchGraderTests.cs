using RftAspire.Contracts.Graders;
using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading.Rules;

public sealed class JsonMatchGraderTests
{
    private const string Row = """{"right":{"total":12.5,"buyer":{"name":"Ann","id":null},"tags":["a","b"],"paid":true}}""";

    [Theory]
    [InlineData("""{"total":12.5,"buyer":{"name":"Ann"},"tags":["a","b"],"paid":true,"more":1}""", 1)]
    // 1.25e1 is 12.5, and a null is the same as none; the tags are in another order.
    [InlineData("""{"total":1.25e1,"buyer":{"name":"Ann","id":null,"age":null},"tags":["b","a"],"paid":true}""", 0.75)]
    [InlineData("""{"total":"12.5","buyer":{"name":"Ann","age":3},"tags":["a"],"paid":false}""", 0)]
    [InlineData("""{"paid":true}""", 0.25)]
    [InlineData("[]", 0)]
    [InlineData("12.5", 0)]
    [InlineData("no JSON", 0)]
    [InlineData("", 0)]
    public void Grade_AllFields_IsShareOfEqualOnes(string answer, double expected) => Assert.Equal(expected, Grader("").Reward(Row, answer));

    [Theory]
    [InlineData("""{"total":12.6,"buyer":{"name":"Ann"}}""", 1)]
    [InlineData("""{"total":13,"buyer":{"name":"Ann"}}""", 0.25)]
    [InlineData("""{"total":12.5}""", 0.75)]
    public void Grade_WeightedFields_IsTheirShare(string answer, double expected) =>
        Assert.Equal(expected, Grader(""","fields":{"total":3,"buyer.name":1},"tolerance":0.2""").Reward(Row, answer));

    [Theory]
    [InlineData("""["b","a","a"]""", 1)]
    [InlineData("""["a"]""", 0)]
    [InlineData("""["a","b","c"]""", 0)]
    [InlineData("\"a\"", 0)]
    public void Grade_ArraysAsSets_IgnoreOrderAndRepetition(string tags, double expected) =>
        Assert.Equal(expected, Grader(""","fields":{"tags":1},"arrays":"set" """).Reward(Row, $$"""{"tags":{{tags}}}"""));

    [Fact]
    public void Grade_FieldThatTheRowLacks_MustBeMissing()
    {
        var grader = Grader(""","fields":{"refund":1}""");

        Assert.Equal(1, grader.Reward(Row, """{"refund":null}"""));
        Assert.Equal(0, grader.Reward(Row, """{"refund":1}"""));
    }

    [Fact]
    public void Grade_WrongFields_AreNamed() =>
        Assert.Equal("not as in the row: total, tags", Grader("").Grade(Row, """{"buyer":{"name":"Ann"},"paid":true}""").Explanation);

    [Fact]
    public void Grade_DeepNesting_TakesNoTime()
    {
        // A comparison in each direction at every level would take 2^60 steps.
        var deep = string.Concat(Enumerable.Repeat("[[{\"a\":", 20)) + "1" + string.Concat(Enumerable.Repeat("}]]", 20));

        Assert.Equal(1, Grader(""","arrays":"set" """).Reward($$"""{"right":{"d":{{deep}} } }""", $$"""{"d":{{deep}} }"""));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    public void Grade_RowWithoutObject_IsUngraded(string reference) =>
        Assert.Equal("invalid_reference", Grader("").Ungraded($$"""{"right":{{reference}}}""", "{}").Kind);

    [Theory]
    [InlineData("""{"type":"object"}""", "{\"a\":1}", true)]
    [InlineData("""{"type":"array"}""", "{}", false)]
    [InlineData("""{"type":["string","null"]}""", "null", true)]
    [InlineData("""{"type":"integer"}""", "2.0", true)]
    [InlineData("""{"type":"integer"}""", "2.5", false)]
    [InlineData("""{"type":"boolean"}""", "false", true)]
    [InlineData("""{"enum":["a",1]}""", "1.0", true)]
    [InlineData("""{"enum":["a",1]}""", "\"1\"", false)]
    [InlineData("""{"const":{"a":[1]}}""", """{"a":[1]}""", true)]
    [InlineData("""{"required":["a"]}""", "{}", false)]
    [InlineData("""{"properties":{"a":{"type":"string"}}}""", """{"a":1}""", false)]
    [InlineData("""{"properties":{"a":{}},"additionalProperties":false}""", """{"a":1}""", true)]
    [InlineData("""{"properties":{"a":{}},"additionalProperties":false}""", """{"b":1}""", false)]
    [InlineData("""{"additionalProperties":{"type":"number"}}""", """{"b":"x"}""", false)]
    [InlineData("""{"items":{"minimum":1,"exclusiveMaximum":3},"minItems":1,"maxItems":2}""", "[1,2.9]", true)]
    [InlineData("""{"items":{"minimum":1,"exclusiveMaximum":3}}""", "[3]", false)]
    [InlineData("""{"maximum":3,"exclusiveMinimum":1}""", "1", false)]
    [InlineData("""{"minItems":1}""", "[]", false)]
    [InlineData("""{"maxItems":1}""", "[1,2]", false)]
    [InlineData("""{"minLength":2,"maxLength":2,"pattern":"^.."}""", "\"😀a\"", true)]
    [InlineData("""{"pattern":"^a+$"}""", "\"ab\"", false)]
    [InlineData("""{"anyOf":[{"type":"string"},{"minimum":5}]}""", "4", false)]
    [InlineData("""{"anyOf":[{"type":"string"},{"minimum":5}]}""", "6", true)]
    [InlineData("""{"allOf":[{"minimum":1},{"maximum":5}]}""", "6", false)]
    [InlineData("""{"allOf":[{"minimum":1},{"maximum":5}],"title":"t","description":"d"}""", "5", true)]
    [InlineData("true", "1", true)]
    [InlineData("false", "1", false)]
    public void Grade_Schema_DecidesWhetherAnAnswerCounts(string schema, string answer, bool allowed)
    {
        // Field z is missing in row and answer alike, so only the schema decides.
        Assert.Equal(allowed ? 1 : 0, Grader($$""","fields":{"z":1},"schema":{{schema}}""").Reward(Row, answer));
    }

    [Theory]
    [InlineData("""{"type":"objct"}""", "$.schema.type", "'objct'")]
    [InlineData("""{"$ref":"#/$defs/a"}""", "$.schema.$ref", "is not checked here")]
    [InlineData("""{"properties":{"a":{"minimum":"1"}}}""", "$.schema.properties.a.minimum", "no number")]
    [InlineData("""{"items":[]}""", "$.schema.items", "no schema")]
    [InlineData("""{"anyOf":[{"maxItems":-1}]}""", "$.schema.anyOf[0].maxItems", "-1")]
    [InlineData("""{"required":[1]}""", "$.schema.required[0]", "1 is no name")]
    [InlineData("""{"pattern":"("}""", "$.schema.pattern", "no regular expression")]
    public void Parse_FaultySchema_NamesPathAndValue(string schema, string path, string part)
    {
        var error = Assert.Throws<GraderException>(() => Grader($$""","schema":{{schema}}"""));

        Assert.Equal(path, error.Path);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ConstantAnswers_Rows_MixTheCommonestFieldsAndWholeObjects()
    {
        var items = TestRows.Items("""{"right":{"a":1,"b":2}}""", """{"right":{"a":1,"b":3}}""", """{"right":{"a":2,"b":3}}""");

        Assert.Equal(["""{"a":1,"b":3}""", """{"a":1,"b":2}""", """{"a":2,"b":3}"""], Grader("").ConstantAnswers(items));
    }

    private static IGrader Grader(string options) => new GraderFactory().Parse($$$"""{"type":"json_match","reference":"{{item.right}}"{{{options}}}}""");
}
