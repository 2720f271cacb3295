using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;
using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading;

public sealed class SampleTests
{
    [Theory]
    [InlineData("42", "42", "")]
    [InlineData("<think>6 * 7\n</think>\n\n42", "42", "6 * 7")]
    [InlineData("6 * 7</think>42", "42", "6 * 7")]
    [InlineData("so 6 * 7 <answer>42</answer>", "so 6 * 7 <answer>42</answer>", "so 6 * 7")]
    [InlineData("6 * 7 = 42\n#### 42", "6 * 7 = 42\n#### 42", "6 * 7 = 42")]
    [InlineData("<think>never ends", "<think>never ends", "")]
    public void Reasoning_Text_IsWhatStandsBeforeTheFinalAnswer(string text, string output, string reasoning)
    {
        var sample = new Sample(text);

        Assert.Equal((output, reasoning), (sample.OutputText, sample.Reasoning));
    }

    [Theory]
    [InlineData("""{"a":1}""", true)]
    [InlineData(" [1] ", true)]
    [InlineData("\"x\"", true)]
    [InlineData("-1.5", true)]
    [InlineData("<think>{}</think>{\"a\":1}", true)]
    [InlineData("", false)]
    [InlineData("yes", false)]
    [InlineData("nonsense", false)]
    [InlineData("""{"a":1} done""", false)]
    [InlineData("""{"a":1,"a":2}""", false)]
    [InlineData("""{"a":"\ud800"}""", false)]
    [InlineData("{\"a\":\"\\uD83D\\uDE00\"}", true)]
    public void OutputJson_Text_IsThereWhereAllOfItIsStrictJson(string text, bool there) => Assert.Equal(there, new Sample(text).OutputJson is not null);

    [Fact]
    public void OutputTools_Calls_HaveTheFormOfChatCompletions()
    {
        var sample = new Sample("""
            <tool_call>{"name":"find","arguments":{"q":"x"}}</tool_call> text <tool_call>broken</tool_call><tool_call>{"arguments":{}}</tool_call>
            <tool_call>{"name":"now"}</tool_call><tool_call>{"name":"cut
            """);

        Assert.Equal("""[{"id":"call_0","type":"function","function":{"name":"find","arguments":"{\"q\":\"x\"}"}},{"id":"call_1","type":"function","function":{"name":"now","arguments":"{}"}}]""",
            sample.OutputTools.GetRawText().Replace("\\u0022", "\\\"", StringComparison.Ordinal));
    }

    [Fact]
    public void ToJson_Answer_HasWhatPythonGradersOfOpenAiGet()
    {
        var json = new Sample("""<think>hm</think>{"a":[1]}""", FinishReason.Length).ToJson();

        Assert.Equal(["choices", "output_text", "output_json", "output_tools", "output_audio", "reasoning"], json.Select(field => field.Key));
        Assert.Equal("""{"a":[1]}""", json["output_json"]!.ToJsonString());
        Assert.Equal(("length", """{"a":[1]}"""), ((string)json["choices"]![0]!["finish_reason"]!, (string)json["choices"]![0]!["message"]!["content"]!));
        Assert.Null(new Sample("no").ToJson()["output_json"]);
    }

    [Theory]
    [InlineData("{{item.a.b[1].c}}", "deep")]
    [InlineData("{{ item.a }}", """{"b":[0,{"c":"deep"}]}""")]
    [InlineData("{{sample.output_tools[0].function.name}}!", "find!")]
    [InlineData("{{sample.reasoning}}", "why")]
    [InlineData("{{item.n}} {{item.yes}}", "1.50 true")]
    [InlineData("{{item.a.b[2]}}", null)]
    [InlineData("{{sample.output_tools[1].id}}", null)]
    [InlineData("{{sample.output_json}}", null)]
    public void Fill_Place_IsLookedUp(string template, string? text)
    {
        var item = JsonElement.Parse("""{"a":{"b":[0,{"c":"deep"}]},"n":1.50,"yes":true}""");
        var sample = new Sample("""<think>why</think><tool_call>{"name":"find","arguments":"{{item.a}}"}</tool_call>""");

        Assert.Equal(text, Template.Parse(template, "$").Fill(new GradeRequest(item, sample)));
    }

    [Theory]
    [InlineData("{{item[0]}}")]
    [InlineData("{{item.}}")]
    [InlineData("{{item..a}}")]
    [InlineData("{{item.[0]}}")]
    [InlineData("{{item.a[x]}}")]
    [InlineData("{{items.a}}")]
    [InlineData("{{sample.output_textual}}")]
    [InlineData("{{sample.reasoning[0]}}")]
    [InlineData("{{sample}}")]
    [InlineData("{{}}")]
    public void Parse_PlaceThatIsNone_IsRefused(string template) => Assert.Contains("names nothing",
        Assert.Throws<GraderException>(() => Template.Parse(template, "$.input")).Message, StringComparison.Ordinal);
}
