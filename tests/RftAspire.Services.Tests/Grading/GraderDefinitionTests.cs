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
    [InlineData("""{"reference":"{{item.x}}","type":"string_check","name":null,"input":"{{sample.output_text}}","operation":"eq"}""",
        """{"type":"string_check","name":"string_check","input":"{{sample.output_text}}","reference":"{{item.x}}","operation":"eq"}""")]
    [InlineData("""{"type":"multi","graders":[{"type":"string_check","name":"a","input":"ü","reference":"{{item.x}}","operation":"eq","pass_threshold":0.5}],"calculate_output":"a"}""",
        """{"type":"multi","name":"multi","graders":{"a":{"type":"string_check","name":"a","pass_threshold":0.5,"input":"ü","reference":"{{item.x}}","operation":"eq"}},"calculate_output":"a"}""")]
    public void Json_OfAGrader_HasEveryDefaultAndReadsTheSame(string json, string expected)
    {
        var grader = GraderDefinition.Parse(json);

        Assert.Equal(expected, grader.Json);
        Assert.Equal((expected, grader.Digest), (GraderDefinition.Parse(expected).Json, GraderDefinition.Parse(expected).Digest));
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
    [InlineData("""{"type":"label_set","name":"n","reference":"{{item.x}}","betta":2}""", "$.betta", "beta, empty, ignore_case, metric, name, output, pass_threshold, reference, type")]
    [InlineData("""{"type":"string_check","name":"n","operation":"equals","input":"x","reference":"y"}""", "$.operation", "'equals'")]
    [InlineData("""{"type":"string_check","name":"n","operation":"eq","input":"{{env.HOME}}","reference":"y"}""", "$.input", "'{{env.HOME}}'")]
    [InlineData("""{"type":"string_check","name":"n","operation":"eq","input":"{{item.x","reference":"y"}""", "$.input", "never closes")]
    [InlineData("""{"type":"string_check","name":"n","operation":"eq","input":"{{item}}","reference":"y"}""", "$.input", "'{{item}}'")]
    [InlineData("""{"type":"string_check","name":"n","operation":"eq","input":"{{sample.output_text.x}}","reference":"y"}""", "$.input", "names nothing")]
    [InlineData("""{"type":"string_check","name":"n","operation":"eq","input":"{{item.a b}}","reference":"y"}""", "$.input", "names nothing")]
    [InlineData("""{"type":"label_set","reference":"{{item.x}}","metric":"f1"}""", "$.metric", "'f1'")]
    [InlineData("""{"type":"label_set","reference":"{{item.x}}","metric":"exact","beta":2}""", "$.beta", "says nothing")]
    [InlineData("""{"type":"label_set","reference":"{{item.x}}","empty":0.5}""", "$.empty", "0.5")]
    [InlineData("""{"type":"text_similarity","input":"a","reference":"b","evaluation_metric":"rouge_6"}""", "$.evaluation_metric", "'rouge_6'")]
    [InlineData("""{"type":"ranking","reference":"{{item.x}}","metric":"mrr"}""", "$.metric", "'mrr'")]
    [InlineData("""{"type":"ranking","reference":"{{item.x}}","metric":"ndcg","k":0}""", "$.k", "0 is not")]
    [InlineData("""{"type":"ranking","reference":"{{item.x}}","metric":"reciprocal_rank","k":3}""", "$.k", "says nothing")]
    [InlineData("""{"type":"ranking","reference":"x","metric":"ndcg"}""", "$.reference", "not one column")]
    [InlineData("""{"type":"numeric","input":"a","reference":"1","tolerance":-1}""", "$.tolerance", "-1 is not")]
    [InlineData("""{"type":"numeric","input":"a","reference":"1","tolerance":2,"falloff":2}""", "$.falloff", "2 is not above")]
    [InlineData("""{"type":"numeric","input":"a","reference":"1","extract":"any"}""", "$.extract", "'any'")]
    [InlineData("""{"type":"regex","input":"a","pattern":"("}""", "$.pattern", "no regular expression")]
    [InlineData("""{"type":"regex","input":"a","pattern":"(a)\\1"}""", "$.pattern", "needs backtracking")]
    [InlineData("""{"type":"regex","input":"a","pattern":"(?=a)"}""", "$.pattern", "needs backtracking")]
    [InlineData("""{"type":"regex","input":"a","pattern":"(a{1000}){1000}"}""", "$.pattern", "too large")]
    [InlineData("""{"type":"regex","input":"a","pattern":"a","reference":"b"}""", "$.pattern", "no group")]
    [InlineData("""{"type":"length","unit":"words"}""", "$.target_max", "missing")]
    [InlineData("""{"type":"length","unit":"words","target_min":3,"target_max":2}""", "$.target_max", "2 is below")]
    [InlineData("""{"type":"length","unit":"tokens","target_max":2}""", "$.unit", "'tokens'")]
    [InlineData("""{"type":"json_match","reference":"{{item.x}}","fields":{}}""", "$.fields", "no object of 1")]
    [InlineData("""{"type":"json_match","reference":"{{item.x}}","fields":{"a":0}}""", "$.fields.a", "0 is no number")]
    [InlineData("""{"type":"json_match","reference":"{{item.x}}","fields":{"a..b":1}}""", "$.fields", "'a..b'")]
    [InlineData("""{"type":"json_match","reference":"{{item.x}}","arrays":"bag"}""", "$.arrays", "'bag'")]
    public void Parse_FaultyGrader_NamesPathAndValue(string json, string path, string part)
    {
        var error = Assert.Throws<GraderException>(() => GraderDefinition.Parse(json));

        Assert.Equal(path, error.Path);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }
}
