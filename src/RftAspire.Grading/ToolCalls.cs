using System.Text.Json;
using System.Text.Json.Nodes;

namespace RftAspire.Grading;

/// <summary>Tool calls in an answer's text, as Qwen and Hermes models write them: JSON between <c>&lt;tool_call&gt;</c> tags.</summary>
internal static class ToolCalls
{
    private const string Start = "<tool_call>";
    private const string End = "</tool_call>";

    /// <summary>The calls in the form of Chat Completions, in order; what is no call with a name is left out.</summary>
    public static JsonArray Read(string text)
    {
        var calls = new JsonArray();
        for (var at = text.IndexOf(Start, StringComparison.Ordinal); at >= 0; at = text.IndexOf(Start, at, StringComparison.Ordinal))
        {
            at += Start.Length;
            var end = text.IndexOf(End, at, StringComparison.Ordinal);
            if (end < 0) break;
            if (ReadCall(text[at..end], calls.Count) is { } call) calls.Add(call);
            at = end;
        }
        return calls;
    }

    private static JsonObject? ReadCall(string json, int index)
    {
        try
        {
            if (JsonNode.Parse(json) is not JsonObject call || call["name"] is not JsonValue name || !name.TryGetValue<string>(out var function)) return null;
            var arguments = call["arguments"];
            return new JsonObject
            {
                ["id"] = $"call_{index}",
                ["type"] = "function",
                ["function"] = new JsonObject
                {
                    ["name"] = function,
                    ["arguments"] = arguments is JsonValue value && value.TryGetValue<string>(out var written) ? written : arguments?.ToJsonString() ?? "{}",
                },
            };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }
}
