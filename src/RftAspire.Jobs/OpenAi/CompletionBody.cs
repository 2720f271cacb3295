using System.Text.Json;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.OpenAi;

/// <summary>The body of POST /v1/completions: one request for each prompt.</summary>
internal static class CompletionBody
{
    private const int MostPrompts = 128;
    // OpenAI's own default for this route.
    private const int DefaultTokens = 16;

    private static readonly Dictionary<string, Func<JsonElement, bool>> s_unsupported = new()
    {
        ["echo"] = value => value.ValueKind == JsonValueKind.False,
        ["suffix"] = value => ChatBody.IsText(value, ""),
        ["best_of"] = value => value.ValueKind == JsonValueKind.Number && value.GetDouble() == 1,
        ["frequency_penalty"] = ChatBody.IsZero,
        ["presence_penalty"] = ChatBody.IsZero,
        ["logit_bias"] = ChatBody.IsEmpty,
    };

    public static IReadOnlyList<CompleteRequest> Read(JsonFields body)
    {
        ChatBody.RefuseUnsupported(body, s_unsupported);
        var common = ChatBody.Sampling(body, body.Whole("max_tokens") ?? DefaultTokens);
        if (body.Whole("logprobs") is { } top)
        {
            common.Logprobs = true;
            common.TopLogprobs = (int)Math.Clamp(top, int.MinValue, int.MaxValue);
        }
        var prompts = Prompts(body);
        return [.. prompts.Select(prompt => new CompleteRequest(common) { Prompt = prompt })];
    }

    private static IReadOnlyList<string> Prompts(JsonFields body)
    {
        if (body.Find("prompt") is not { } found) throw body.Missing("prompt");
        if (found.ValueKind == JsonValueKind.Array && found.EnumerateArray().Any(one => one.ValueKind is JsonValueKind.Number or JsonValueKind.Array))
            throw OpenAiException.Invalid("prompt", "tokens are not supported here; send text", "unsupported_parameter");
        var prompts = ChatBody.Texts(body, "prompt");
        if (prompts.Count is 0 or > MostPrompts) throw body.Invalid("prompt", $"has {prompts.Count} texts; 1 to {MostPrompts}");
        foreach (var (i, prompt) in prompts.Index())
        {
            if (prompt.Length == 0) throw OpenAiException.Invalid(prompts.Count == 1 ? "prompt" : $"prompt[{i}]", "is empty; write something");
        }
        return prompts;
    }
}
