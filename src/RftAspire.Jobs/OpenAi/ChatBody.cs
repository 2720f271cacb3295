using System.Text.Json;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.OpenAi;

/// <summary>The body of POST /v1/chat/completions as the use case's request.</summary>
internal static class ChatBody
{
    /// <summary>What is not served: a value that changes nothing is passed over, any other is refused rather than forgotten.</summary>
    private static readonly Dictionary<string, Func<JsonElement, bool>> s_unsupported = new()
    {
        ["tools"] = IsEmpty,
        ["tool_choice"] = value => IsText(value, "none", "auto"),
        ["functions"] = IsEmpty,
        ["function_call"] = value => IsText(value, "none", "auto"),
        ["frequency_penalty"] = IsZero,
        ["presence_penalty"] = IsZero,
        ["logit_bias"] = IsEmpty,
        ["modalities"] = value => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(one => IsText(one, "text")),
        ["audio"] = _ => false,
        ["prediction"] = _ => false,
        ["web_search_options"] = _ => false,
    };

    public static CompleteRequest Read(JsonFields body)
    {
        RefuseUnsupported(body, s_unsupported);
        var request = Sampling(body, body.Whole("max_completion_tokens") ?? body.Whole("max_tokens"));
        request.Messages.AddRange(Messages(body));
        request.Logprobs = body.Flag("logprobs") ?? false;
        if (body.Whole("top_logprobs") is { } top) request.TopLogprobs = Small(body, "top_logprobs", top);
        if (body.OptionalFields("response_format") is { } format) request.ResponseFormatJson = format.Value.GetRawText();
        return request;
    }

    /// <summary>The fields that chats and plain prompts share.</summary>
    public static CompleteRequest Sampling(JsonFields body, long? maxTokens)
    {
        var request = new CompleteRequest { Model = body.Text("model") };
        if (body.Whole("n") is { } n) request.N = Small(body, "n", n);
        if (maxTokens is { } most) request.MaxCompletionTokens = Small(body, "max_completion_tokens", most);
        if (body.Number("temperature") is { } temperature) request.Temperature = temperature;
        if (body.Number("top_p") is { } topP) request.TopP = topP;
        if (body.Whole("seed") is { } seed) request.Seed = seed;
        request.Stop.AddRange(Texts(body, "stop"));
        return request;
    }

    public static void RefuseUnsupported(JsonFields body, Dictionary<string, Func<JsonElement, bool>> unsupported)
    {
        foreach (var (name, changesNothing) in unsupported)
        {
            if (body.Find(name) is not { } value || changesNothing(value)) continue;
            throw OpenAiException.Invalid(body.PathOf(name), $"{JsonFields.Shown(value)} is not supported here; leave it out", "unsupported_parameter");
        }
    }

    /// <summary>Whether parts come as they are drawn, and whether the usage comes with them.</summary>
    public static (bool IsStream, bool HasUsage) Stream(JsonFields body)
    {
        var hasUsage = body.OptionalFields("stream_options")?.Flag("include_usage") ?? false;
        return (body.Flag("stream") ?? false, hasUsage);
    }

    /// <summary>A text or an array of texts.</summary>
    public static IReadOnlyList<string> Texts(JsonFields body, string name)
    {
        if (body.Find(name) is not { } found) return [];
        if (found.ValueKind == JsonValueKind.String) return [body.Text(name)];
        if (found.ValueKind != JsonValueKind.Array) throw body.Wrong(name, found, "text or an array of texts");
        return [.. found.EnumerateArray().Select((one, i) => Text(one, $"{body.PathOf(name)}[{i}]"))];
    }

    public static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        _ => false,
    };

    public static bool IsZero(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.GetDouble() == 0;

    public static bool IsText(JsonElement value, params string[] texts) => value.ValueKind == JsonValueKind.String && texts.Any(value.ValueEquals);

    private static string Text(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw OpenAiException.Invalid(path, $"is {JsonFields.Name(value.ValueKind)}; it must be text", "invalid_type");

    private static int Small(JsonFields body, string name, long value) =>
        value is >= int.MinValue and <= int.MaxValue ? (int)value : throw body.Invalid(name, $"{value} is out of range");

    private static IEnumerable<ChatMessage> Messages(JsonFields body)
    {
        if (body.Find("messages") is null) throw body.Missing("messages");
        foreach (var (i, element) in body.Items("messages").Index())
        {
            var path = $"messages[{i}]";
            if (element.ValueKind != JsonValueKind.Object) throw OpenAiException.Invalid(path, $"is {JsonFields.Name(element.ValueKind)}; it must be an object", "invalid_type");
            var message = new JsonFields(element, path);
            RefuseUnsupported(message, new() { ["tool_calls"] = IsEmpty, ["function_call"] = _ => false, ["audio"] = _ => false });
            yield return new ChatMessage { Role = message.Text("role"), Content = Content(message) };
        }
    }

    /// <summary>Text, or parts of text one after the other.</summary>
    private static string Content(JsonFields message)
    {
        if (message.Find("content") is not { } content) throw message.Missing("content");
        if (content.ValueKind == JsonValueKind.String) return message.Text("content");
        if (content.ValueKind != JsonValueKind.Array) throw message.Wrong("content", content, "text or an array of parts");
        return string.Concat(content.EnumerateArray().Select((element, i) =>
        {
            var path = $"{message.PathOf("content")}[{i}]";
            if (element.ValueKind != JsonValueKind.Object) throw OpenAiException.Invalid(path, $"is {JsonFields.Name(element.ValueKind)}; it must be an object", "invalid_type");
            var part = new JsonFields(element, path);
            return part.Text("type") == "text"
                ? part.Text("text")
                : throw OpenAiException.Invalid(part.PathOf("type"), $"'{part.Text("type")}' is not supported here; send parts of type text", "unsupported_parameter");
        }));
    }
}
