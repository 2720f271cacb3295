using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Grading;
using RftAspire.Grading.Models;

namespace RftAspire.Services.Tests.Grading;

public sealed class JudgedDefinitionTests
{
    [Fact]
    public void Parse_ScoreModelOfOpenAi_ReadsMessagesRangeAndSampling()
    {
        var grader = Assert.IsType<ScoreModelDefinition>(GraderDefinition.Parse("""
            {"type":"score_model","name":"q","model":"gpt-x","range":[0,5],"pass_threshold":3,
             "input":[{"role":"system","content":"Be strict."},
                      {"role":"user","type":"message","content":{"type":"input_text","text":"Answer: {{sample.output_text}}"}},
                      {"role":"user","content":["Reference: ",{"type":"input_text","text":"{{item.a.b}}"}]}],
             "sampling_params":{"temperature":0,"top_p":0.5,"seed":7,"max_completions_tokens":100,"reasoning_effort":"low"}}
            """));

        Assert.Equal(["Be strict.", "Answer: {{sample.output_text}}", "Reference: {{item.a.b}}"], grader.Messages.Select(message => message.Content.Text));
        Assert.Equal(((0, 5), 1, 1), (grader.Range, grader.MaxDifference, grader.Votes));
        Assert.Equal((0.0, 0.5, 7, 100, "low"), (grader.Sampling.Temperature, grader.Sampling.TopP, grader.Sampling.Seed, grader.Sampling.MaxCompletionTokens, grader.Sampling.ReasoningEffort));
        Assert.Equal(["a.b"], grader.Columns.Select(column => column.Path.Text));
    }

    [Theory]
    [InlineData("", "$.input", "missing")]
    [InlineData(""", "input":[]""", "$.input", "no array of messages")]
    [InlineData(""", "input":[{"role":"tool","content":"x"}]""", "$.input[0].role", "'tool'")]
    [InlineData(""", "input":[{"role":"user"}]""", "$.input[0].content", "missing")]
    [InlineData(""", "input":[{"role":"user","content":"{{item.a"}]""", "$.input[0].content", "never closes")]
    [InlineData(""", "input":[{"role":"user","content":[{"type":"input_image","image_url":"x"}]}]""", "$.input[0].content[0].type", "'input_image' is not text")]
    [InlineData(""", "input":[{"role":"user","content":"x","name":"y"}]""", "$.input[0].name", "not a field")]
    [InlineData(""", "input":"x", "range":[1,1]""", "$.range", "[1,1] is no range")]
    [InlineData(""", "input":"x", "range":[0,"5"]""", "$.range", "is no range")]
    [InlineData(""", "input":"x", "votes":16""", "$.votes", "16 is not a whole number from 1 to 15")]
    [InlineData(""", "input":"x", "canary_mark":2""", "$.canary_mark", "2 is not from 0 to 1")]
    [InlineData(""", "input":"x", "sampling_params":{"temperature":3}""", "$.sampling_params.temperature", "3 is not from 0 to 2")]
    [InlineData(""", "input":"x", "sampling_params":{"temp":3}""", "$.sampling_params.temp", "not a field")]
    public void Parse_FaultyScoreModel_NamesPathAndValue(string fields, string path, string part)
    {
        var error = Assert.Throws<GraderException>(() => GraderDefinition.Parse($$"""{"type":"score_model","model":"m"{{fields}}}"""));

        Assert.Equal(path, error.Path);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""["good"]""", """["good"]""", "$.labels")]
    [InlineData("""["good","good"]""", """["good"]""", "$.labels")]
    [InlineData("""["good","bad"]""", """["fine"]""", "$.passing_labels")]
    [InlineData("""["good",""]""", """["good"]""", "$.labels[1]")]
    public void Parse_FaultyLabels_AreRefused(string labels, string passing, string path) => Assert.Equal(path, Assert.Throws<GraderException>(() =>
        GraderDefinition.Parse($$"""{"type":"label_model","model":"m","input":"x","labels":{{labels}},"passing_labels":{{passing}}}""")).Path);

    [Fact]
    public void Of_Places_AreDataAndTheAuthorsWordsText()
    {
        var definition = Assert.IsType<ScoreModelDefinition>(GraderDefinition.Parse(
            """{"type":"score_model","model":"m","input":"Is {{sample.output_json.a[0]}} like {{item.größe}}?","votes":3,"second_model":"n"}"""));

        var question = JudgeQuestion.Of(definition, new GradeRequest(JsonElement.Parse("""{"größe":"big {{item.größe}}"}"""), new Sample("""{"a":["small"]}""")) { JobId = "job-1" })!;

        Assert.Equal(("m", "n", 3, "job-1"), (question.Model, question.SecondModel, question.Votes, question.JobId));
        var parts = question.Messages.Single().Parts;
        Assert.Equal(["Is ", " like ", "?"], parts.Where(part => part.Data is null).Select(part => part.Text));
        Assert.Equal([("sample.output_json.a[0]", "small"), ("item.gr__e", "big {{item.größe}}")], parts.Where(part => part.Data is not null).Select(part => (part.Data.Name, part.Data.Value)));
        Assert.Null(JudgeQuestion.Of(definition, new GradeRequest(JsonElement.Parse("""{"größe":1}"""), new Sample("no JSON"))));
    }
}
