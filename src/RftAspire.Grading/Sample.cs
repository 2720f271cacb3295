using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Messages;

namespace RftAspire.Grading;

/// <summary>An answer as graders see it; what is read of it is read once.</summary>
public sealed class Sample
{
    private const string ThoughtStart = "<think>";
    private const string ThoughtEnd = "</think>";
    private static readonly string[] s_answerMarks = ["<answer>", "\n#### "];
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };
    private readonly Lazy<JsonElement?> _json;
    private readonly Lazy<JsonElement> _tools;
    private readonly Lazy<JsonElement> _choices;

    public Sample(string text, FinishReason finishReason = FinishReason.Stop)
    {
        (Text, FinishReason) = (text, finishReason);
        var thought = text.IndexOf(ThoughtEnd, StringComparison.Ordinal);
        OutputText = thought < 0 ? text : text[(thought + ThoughtEnd.Length)..].TrimStart();
        Reasoning = ReasoningOf(text, thought);
        _json = new(() => ParseJson(OutputText));
        _tools = new(() => JsonSerializer.SerializeToElement(ToolCalls.Read(OutputText)));
        _choices = new(() => JsonSerializer.SerializeToElement(ReadChoices()));
    }

    /// <summary>The whole completion.</summary>
    public string Text { get; }

    public FinishReason FinishReason { get; }

    /// <summary>The answer: all of the text, or what follows <c>&lt;/think&gt;</c>.</summary>
    public string OutputText { get; }

    /// <summary>
    /// The work before the final answer: what stands before <c>&lt;/think&gt;</c>, else before <c>&lt;answer&gt;</c> or a line that
    /// starts with <c>####</c>; empty where none of these is there.
    /// </summary>
    public string Reasoning { get; }

    /// <summary>The answer where it is strict JSON as a whole: no text around it, no name twice, no half characters.</summary>
    public JsonElement? OutputJson => _json.Value;

    /// <summary>An array of the answer's tool calls in the form of Chat Completions; empty where there are none.</summary>
    public JsonElement OutputTools => _tools.Value;

    /// <summary>The answer as the one choice of a chat completion.</summary>
    public JsonElement Choices => _choices.Value;

    /// <summary>What OpenAI's Python graders get as <c>sample</c>.</summary>
    public JsonObject ToJson() => new()
    {
        ["choices"] = JsonArray.Create(Choices),
        ["output_text"] = OutputText,
        ["output_json"] = OutputJson is { } json ? JsonNode.Parse(json.GetRawText()) : null,
        ["output_tools"] = JsonArray.Create(OutputTools),
        ["output_audio"] = null,
        ["reasoning"] = Reasoning,
    };

    private JsonArray ReadChoices() => new(new JsonObject
    {
        ["index"] = 0,
        ["finish_reason"] = FinishReason == FinishReason.Length ? "length" : OutputTools.GetArrayLength() > 0 ? "tool_calls" : "stop",
        ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = OutputText, ["tool_calls"] = JsonArray.Create(OutputTools) },
    });

    private static string ReasoningOf(string text, int thought)
    {
        if (thought >= 0)
        {
            var start = text.IndexOf(ThoughtStart, 0, thought, StringComparison.Ordinal);
            return text[(start < 0 ? 0 : start + ThoughtStart.Length)..thought].Trim();
        }
        var marks = s_answerMarks.Select(mark => text.IndexOf(mark, StringComparison.Ordinal)).Where(at => at >= 0).ToArray();
        return marks.Length == 0 ? "" : text[..marks.Min()].Trim();
    }

    private static JsonElement? ParseJson(string text)
    {
        // Most answers that are no JSON are told by their first letter, without the cost of an exception.
        var start = text.AsSpan().TrimStart();
        if (start.IsEmpty || !"{[\"-0123456789tfn".Contains(start[0])) return null;
        try
        {
            var json = JsonElement.Parse(text, s_strict);
            if (text.Contains(@"\ud", StringComparison.OrdinalIgnoreCase)) CheckTexts(json);
            return json;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            // Half a surrogate pair: InvalidOperationException within an escape, ArgumentException as a char.
            return null;
        }
    }

    private static void CheckTexts(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String) json.GetString();
        else if (json.ValueKind == JsonValueKind.Array) foreach (var value in json.EnumerateArray()) CheckTexts(value);
        else if (json.ValueKind == JsonValueKind.Object) foreach (var field in json.EnumerateObject()) CheckTexts(field.Value);
    }
}
