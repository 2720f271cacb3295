using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading;

public sealed class MultiGraderTests
{
    private const string Parts = """
        {"decision":{"type":"string_check","input":"{{sample.output_json.decision}}","operation":"eq","reference":"{{item.decision}}"},
         "rules":{"type":"label_set","name":"ignored","reference":"{{item.rules}}","output":"rules"}}
        """;

    [Theory]
    [InlineData("""{"decision":"reject","rules":["1"]}""", 1)]
    [InlineData("""{"decision":"approve","rules":["1"]}""", 0.75)]
    [InlineData("""{"decision":"reject","rules":["1","2"]}""", 0.25 + 0.75 * 2 / 3)]
    [InlineData("reject", 0)]
    public void Grade_TwoParts_FollowsTheFormula(string answer, double reward)
    {
        var result = Grader("0.25 * decision + 0.75 * rules").Grade(Row, answer);

        Assert.Equal(reward, Assert.IsType<GradeResult.Reward>(result).Value, 12);
        Assert.Equal([("decision", "string_check"), ("rules", "label_set")], result.Parts.Select(part => (part.Name, part.Type)));
        Assert.All(result.Parts, part => Assert.True(part.Reward is >= 0 and <= 1 && part.Seconds >= 0));
    }

    [Theory]
    [InlineData("decision + rules", false)]
    [InlineData("decision", true)]
    public void Grade_UngradedPart_MattersWhereTheFormulaReadsIt(string formula, bool graded)
    {
        var result = Grader(formula).Grade("""{"decision":"reject"}""", """{"decision":"reject"}""");

        if (graded) Assert.Equal(1, Assert.IsType<GradeResult.Reward>(result).Value);
        else Assert.StartsWith("rules: ", Assert.IsType<GradeResult.Ungraded>(result).Message, StringComparison.Ordinal);
        Assert.Equal("invalid_reference", result.Parts[1].Error!.Kind);
    }

    [Fact]
    public void Grade_FormulaWithoutValue_IsUngradedAndNamesTheInputs()
    {
        var result = Grader("decision / rules").Ungraded(Row, "{}");

        Assert.Equal("formula_error", result.Kind);
        Assert.Contains("NaN for decision = 0, rules = 0", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BestConstantAnswerAsync_PartsOfOneJson_AreMerged()
    {
        var items = new[] { Row, """{"decision":"reject","rules":["2"]}""", """{"decision":"approve","rules":["1"]}""" }.Select(row => JsonElement.Parse(row)).ToArray();

        var best = await EvalStatistics.BestConstantAnswerAsync(Grader("(decision + rules) / 2"), items, default);

        Assert.Equal(2.0 / 3, best!.Mean, 12);
        Assert.Equal("""{"decision":"reject","rules":["1"]}""", best.Text);
    }

    [Fact]
    public void Columns_Multi_AreThoseOfItsParts() =>
        Assert.Equal(["decision", "rules"], Definition(Parts, "decision").Columns.Select(column => column.Path.Text));

    [Fact]
    public void Parse_ArrayOfGraders_GoesByTheirNames() =>
        Assert.Equal(["f1"], Definition("""[{"type":"label_set","name":"f1","reference":"{{item.rules}}"}]""", "f1").Leaves.Select(leaf => leaf.Name));

    [Theory]
    [InlineData("{}", "1", "$.graders", "has 0 graders")]
    [InlineData("7", "1", "$.graders", "no object of graders")]
    [InlineData("""{"a b":{"type":"label_set","reference":"{{item.x}}"}}""", "1", "$.graders.a b", "no variable")]
    [InlineData("""{"log":{"type":"label_set","reference":"{{item.x}}"}}""", "1", "$.graders.log", "no variable")]
    [InlineData("""{"a":{"type":"label_set","reference":"{{item.x}}","beta":-1}}""", "1", "$.graders.a.beta", "-1")]
    [InlineData("""{"a":[]}""", "1", "$.graders.a", "is array")]
    [InlineData("""{"a":{"type":"multi","graders":{"b":{"type":"label_set","reference":"{{item.x}}"}},"calculate_output":"b"}}""", "a", "$.graders.a", "multi within a multi")]
    [InlineData("""[{"type":"label_set","reference":"{{item.x}}"},{"type":"label_set","reference":"{{item.x}}"}]""", "1", "$.graders", "two graders of the name 'label_set'")]
    [InlineData("""{"a":{"type":"label_set","reference":"{{item.x}}"}}""", "a + b", "$.calculate_output", "'b' is no grader")]
    public void Parse_FaultyMulti_NamesPathAndValue(string graders, string formula, string path, string part)
    {
        var error = Assert.Throws<GraderException>(() => Definition(graders, formula));

        Assert.Equal(path, error.Path);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    private const string Row = """{"decision":"reject","rules":["1"]}""";

    private static IGrader Grader(string formula) => new GraderFactory().Create(Definition(Parts, formula));

    private static GraderDefinition Definition(string graders, string formula) =>
        GraderDefinition.Parse($$"""{"type":"multi","graders":{{graders}},"calculate_output":{{JsonSerializer.Serialize(formula)}}}""");
}
