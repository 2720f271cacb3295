using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;
using RftAspire.Grading;
using RftAspire.Grading.Python;

namespace RftAspire.Services.Tests.Grading.Python;

public sealed class PythonGraderTests
{
    [Fact]
    public void Parse_Python_TakesSourceAndImageTag()
    {
        var grader = Assert.IsType<PythonDefinition>(GraderDefinition.Parse("""{"type":"python","name":"p","source":"def grade(sample, item): return 1","image_tag":"2025-05-08"}"""));

        Assert.Equal(("p", "def grade(sample, item): return 1", "2025-05-08"), (grader.Name, grader.Source, grader.ImageTag));
        Assert.Empty(grader.Columns);
    }

    [Fact]
    public void Parse_SourceTooLong_NamesLimit()
    {
        var error = Assert.Throws<GraderException>(() => GraderDefinition.Parse(JsonSerializer.Serialize(new { type = "python", source = new string('é', 131_073) })));

        Assert.Equal("$.source", error.Path);
        Assert.Contains("262146 bytes are more than 262144", error.Message, StringComparison.Ordinal);
    }

    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Grade_SampleOfAnAnswer_HasOpenAIsFields()
    {
        const string source = """
            def grade(sample, item):
                assert set(sample) >= {"choices", "output_text", "output_json", "output_tools", "output_audio"}, sample
                assert sample["choices"][0]["message"]["content"] == sample["output_text"] and sample["choices"][0]["finish_reason"] == "length"
                assert sample["output_audio"] is None and sample["output_tools"] == []
                return len(set(sample["output_json"]["labels"]) & set(item["labels"])) / len(item["labels"])
            """;
        await using var test = new SandboxUnderTest(null);
        var request = new GradeRequest(JsonElement.Parse("""{"labels":["a","b","c","d"]}"""), new Sample("""{"labels":["b","x"]}""", FinishReason.Length));

        var result = await Grader(test, source).GradeAsync(request, CancellationToken.None);

        Assert.Equal(0.25, Assert.IsType<GradeResult.Reward>(result).Value);
    }

    [SandboxFact(SandboxBackend.Namespaces)]
    public async Task Grade_FailingSource_IsUngraded()
    {
        await using var test = new SandboxUnderTest(null);
        var request = new GradeRequest(JsonElement.Parse("{}"), new Sample("no json"));

        var result = await Grader(test, "def grade(sample, item):\n    return sample['output_json']['labels']\n").GradeAsync(request, CancellationToken.None);

        Assert.Equal(PythonFaults.Exception, Assert.IsType<GradeResult.Ungraded>(result).Kind);
        Assert.Equal("p", Assert.Single(result.Parts).Name);
    }

    [SandboxTheory(SandboxBackend.Namespaces)]
    [InlineData("def grade(sample, item):\n    return 1", null)]
    [InlineData("def grade(sample)\n    return 1", "python_source: SyntaxError")]
    [InlineData("import nowhere_to_be_found\ndef grade(sample, item):\n    return 1", "python_source: ModuleNotFoundError")]
    public async Task CheckAsync_Source_IsLoaded(string source, string? fault)
    {
        await using var test = new SandboxUnderTest(null);
        var definition = GraderDefinition.Parse(JsonSerializer.Serialize(new { type = "multi", graders = new { code = new { type = "python", source } }, calculate_output = "code" }));

        var error = await Record.ExceptionAsync(() => new GraderFactory { Python = test.Sandbox }.CheckAsync(definition, CancellationToken.None));

        Assert.Equal(fault is null ? null : "$.graders.code.source", (error as GraderException)?.Path);
        Assert.Contains(fault ?? "", error?.Message ?? "", StringComparison.Ordinal);
    }

    private static IGrader Grader(SandboxUnderTest test, string source) =>
        new GraderFactory { Python = test.Sandbox }.Parse(JsonSerializer.Serialize(new { type = "python", name = "p", source }));
}
