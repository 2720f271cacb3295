using RftAspire.Contracts.Graders;

namespace RftAspire.Services.Tests.Grading;

public sealed class GraderDefinitionTests
{
    [Fact]
    public void Parse_LabelSet_FillsTheDefaults()
    {
        var grader = Assert.IsType<LabelSetDefinition>(GraderDefinition.Parse("""{"type":"label_set","name":"f1","reference":"{{ item.meta.labels }}"}"""));

        Assert.Equal(("f1", 1.0, "labels"), (grader.Name, grader.Beta, grader.Output.Text));
        Assert.Equal([new GraderColumn(DataPath.Parse("meta.labels")!, ColumnKind.Labels)], grader.Columns);
    }

    [Fact]
    public void Parse_StringCheck_NamesTheColumnsItNeeds()
    {
        var grader = GraderDefinition.Parse("""{"type":"string_check","name":"n","operation":"like","input":"{{item.a.b}}: {{sample.output_text}}","reference":"{{item.c}}{{item.c}}"}""");

        Assert.Equal([new GraderColumn(DataPath.Parse("a.b")!, ColumnKind.Value), new GraderColumn(DataPath.Parse("c")!, ColumnKind.Value)], grader.Columns);
    }

    [Theory]
    [InlineData("", "$", "not sound JSON")]
    [InlineData("[]", "$", "is array")]
    [InlineData("""{"name":"n"}""", "$.type", "missing")]
    [InlineData("""{"type":"oracle","name":"n"}""", "$.type", "'oracle'")]
    [InlineData("""{"type":"label_set","type":"label_set"}""", "$", "not sound JSON")]
    [InlineData("""{"type":"label_set","name":"\ud800","reference":"{{item.x}}"}""", "$", "not sound JSON")]
    [InlineData("""{"type":"label_set","name":"","reference":"{{item.x}}"}""", "$.name", "at least one letter")]
    [InlineData("""{"type":"label_set","name":"n","reference":"item.x"}""", "$.reference", "'item.x'")]
    [InlineData("""{"type":"label_set","name":"n","reference":"{{sample.output_text}}"}""", "$.reference", "not one column")]
    [InlineData("""{"type":"label_set","name":"n","reference":"{{item.x}}","beta":0}""", "$.beta", "0 is not")]
    [InlineData("""{"type":"label_set","name":"n","reference":"{{item.x}}","beta":1e999}""", "$.beta", "is not above 0")]
    [InlineData("""{"type":"label_set","name":"n","reference":"{{item.x}}","beta":"1"}""", "$.beta", "\"1\" is not a number")]
    [InlineData("""{"type":"label_set","name":"n","reference":"{{item.x}}","output":"a..b"}""", "$.output", "'a..b'")]
    [InlineData("""{"type":"label_set","name":"n","reference":"{{item.x}}","betta":2}""", "$.betta", "beta, name, output, pass_threshold, reference, type")]
    [InlineData("""{"type":"string_check","name":"n","operation":"equals","input":"x","reference":"y"}""", "$.operation", "'equals'")]
    [InlineData("""{"type":"string_check","name":"n","operation":"eq","input":"{{env.HOME}}","reference":"y"}""", "$.input", "'{{env.HOME}}'")]
    [InlineData("""{"type":"string_check","name":"n","operation":"eq","input":"{{item.x","reference":"y"}""", "$.input", "never closes")]
    [InlineData("""{"type":"string_check","name":"n","operation":"eq","input":"{{item}}","reference":"y"}""", "$.input", "'{{item}}'")]
    [InlineData("""{"type":"string_check","name":"n","operation":"eq","input":"{{sample.output_text.x}}","reference":"y"}""", "$.input", "names nothing")]
    [InlineData("""{"type":"string_check","name":"n","operation":"eq","input":"{{item.a b}}","reference":"y"}""", "$.input", "names nothing")]
    public void Parse_FaultyGrader_NamesPathAndValue(string json, string path, string part)
    {
        var error = Assert.Throws<GraderException>(() => GraderDefinition.Parse(json));

        Assert.Equal(path, error.Path);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }
}
