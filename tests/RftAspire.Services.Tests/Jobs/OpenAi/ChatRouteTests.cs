using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using RftAspire.Services.Tests.Jobs.Chat;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

public sealed class ChatRouteTests(ChatUnderTest service) : IClassFixture<ChatUnderTest>
{
    private const string Chat = "/v1/chat/completions";
    private const string Base = $$"""
        "model":"{{ChatUnderTest.Model}}","messages":[{"role":"developer","content":"Name the domains."},{"role":"user","content":[{"type":"text","text":"{{ChatUnderTest.Question}}"}]}],"seed":5,"max_completion_tokens":20
        """;

    [RedisFact]
    public async Task Chat_Whole_HasWhatBothSdksRead()
    {
        var answer = await (await service.PostJsonAsync(Chat, Body("""
            "n":2,"logprobs":true,"top_logprobs":2,"tools":[],"frequency_penalty":0,"user":"u","whatever":{"x":1}
            """))).JsonAsync();

        Assert.Equal(["id", "object", "created", "model", "choices", "usage"], answer.EnumerateObject().Select(field => field.Name));
        Assert.StartsWith("chatcmpl-", answer.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal(("chat.completion", ChatUnderTest.Model), (answer.GetProperty("object").GetString(), answer.GetProperty("model").GetString()));
        var usage = answer.GetProperty("usage");
        Assert.Equal(usage.GetProperty("total_tokens").GetInt32(), usage.GetProperty("prompt_tokens").GetInt32() + usage.GetProperty("completion_tokens").GetInt32());
        Assert.Equal(0, usage.GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt32());
        foreach (var (i, choice) in answer.GetProperty("choices").EnumerateArray().Index())
        {
            var message = choice.GetProperty("message");
            Assert.Equal((i, "assistant", JsonValueKind.Null), (choice.GetProperty("index").GetInt32(), message.GetProperty("role").GetString(), message.GetProperty("refusal").ValueKind));
            var tokens = choice.GetProperty("logprobs").GetProperty("content").EnumerateArray().ToList();
            var bytes = tokens.SelectMany(token => token.GetProperty("bytes").EnumerateArray().Select(one => (byte)one.GetInt32())).ToArray();
            Assert.Equal(message.GetProperty("content").GetString(), Encoding.UTF8.GetString(bytes));
            Assert.All(tokens, token => Assert.Equal(2, token.GetProperty("top_logprobs").GetArrayLength()));
            Assert.All(tokens, token => Assert.InRange(token.GetProperty("logprob").GetDouble(), -100, 0));
        }
    }

    [RedisFact]
    public async Task Chat_Streamed_IsTheWholeInParts()
    {
        var whole = await (await service.PostJsonAsync(Chat, Body("\"n\":2"))).JsonAsync();
        var events = await EventsAsync(Chat, Body("""
            "n":2,"stream":true,"stream_options":{"include_usage":true}
            """));

        Assert.Equal("[DONE]", events[^1]);
        var parts = events[..^1].ConvertAll(part => JsonDocument.Parse(part).RootElement);
        Assert.All(parts, part => Assert.Equal(("chat.completion.chunk", parts[0].GetProperty("id").GetString()), (part.GetProperty("object").GetString(), part.GetProperty("id").GetString())));
        Assert.Empty(parts[^1].GetProperty("choices").EnumerateArray());
        Assert.Equal(whole.GetProperty("usage").GetRawText(), parts[^1].GetProperty("usage").GetRawText());
        foreach (var (i, choice) in whole.GetProperty("choices").EnumerateArray().Index())
        {
            var own = parts.SelectMany(part => part.GetProperty("choices").EnumerateArray()).Where(part => part.GetProperty("index").GetInt32() == i).ToList();
            Assert.Equal("assistant", own[0].GetProperty("delta").GetProperty("role").GetString());
            Assert.All(own[1..], part => Assert.False(part.GetProperty("delta").TryGetProperty("role", out _)));
            Assert.Equal(choice.GetProperty("message").GetProperty("content").GetString(),
                string.Concat(own.Select(part => part.GetProperty("delta").TryGetProperty("content", out var text) ? text.GetString() : "")));
            Assert.Equal(choice.GetProperty("finish_reason").GetString(), own[^1].GetProperty("finish_reason").GetString());
            Assert.All(own[..^1], part => Assert.Equal(JsonValueKind.Null, part.GetProperty("finish_reason").ValueKind));
        }
    }

    [RedisTheory]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", "tools", "unsupported_parameter")]
    [InlineData("\"presence_penalty\":0.5", "presence_penalty", "unsupported_parameter")]
    [InlineData("\"logit_bias\":{\"5\":1}", "logit_bias", "unsupported_parameter")]
    [InlineData("\"audio\":{}", "audio", "unsupported_parameter")]
    [InlineData("\"tool_choice\":\"required\"", "tool_choice", "unsupported_parameter")]
    [InlineData("\"temperature\":\"hot\"", "temperature", "invalid_type")]
    [InlineData("\"temperature\":3", "temperature", "invalid_value")]
    [InlineData("\"n\":1.5", "n", "invalid_value")]
    [InlineData("\"stop\":[\"a\",1]", "stop[1]", "invalid_type")]
    [InlineData("\"stop\":\"\"", "stop[0]", "invalid_value")]
    [InlineData("\"top_logprobs\":3", "top_logprobs", "invalid_value")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{}}", "response_format", "invalid_value")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"type\":\"string\",\"minLength\":-1}}}", "response_format", "invalid_value")]
    [InlineData("\"max_tokens\":1,\"seed\":5", null, "invalid_json")]
    [InlineData("\"stream\":\"yes\"", "stream", "invalid_type")]
    public async Task Chat_FieldAtFault_IsNamed(string field, string? param, string code)
    {
        var error = await (await service.PostJsonAsync(Chat, Body(field))).ErrorAsync(400);
        Assert.Equal((param, code), (error.Param, error.Code));
    }

    [RedisTheory]
    [InlineData("""{"messages":[{"role":"user","content":"x"}]}""", 400, "model", "missing_required_parameter")]
    [InlineData("""{"model":"eurovoc-base-5m"}""", 400, "messages", "missing_required_parameter")]
    [InlineData("""{"model":"eurovoc-base-5m","messages":[]}""", 400, "messages", "invalid_value")]
    [InlineData("""{"model":"eurovoc-base-5m","messages":["x"]}""", 400, "messages[0]", "invalid_type")]
    [InlineData("""{"model":"eurovoc-base-5m","messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", 400, "messages[0].content[0].type", "unsupported_parameter")]
    [InlineData("""{"model":"eurovoc-base-5m","messages":[{"role":"function","content":"x"}]}""", 400, "messages[0].role", "invalid_value")]
    [InlineData("""{"model":"eurovoc-base-5m","max_completion_tokens":600,"messages":[{"role":"user","content":"x"}]}""", 400, "messages", "context_length_exceeded")]
    [InlineData("""{"model":"nobodys","messages":[{"role":"user","content":"x"}]}""", 404, "model", "model_not_found")]
    public async Task Chat_RequestAtFault_IsRefusedBeforeAnythingIsSent(string body, int status, string param, string code)
    {
        foreach (var stream in new[] { "false", "true" })
        {
            var error = await (await service.PostJsonAsync(Chat, $"{body[..^1]},\"stream\":{stream}}}")).ErrorAsync(status);
            Assert.Equal((param, code), (error.Param, error.Code));
        }
    }

    [RedisTheory]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":SCHEMA}}""")]
    [InlineData("""{"type":"json_schema","name":"x","schema":SCHEMA}""")]
    public async Task Chat_ResponseFormat_BothFormsHold(string format)
    {
        var schema = """{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"],"additionalProperties":false}""";
        var answer = await (await service.PostJsonAsync(Chat, Body("\"response_format\":" + format.Replace("SCHEMA", schema, StringComparison.Ordinal)))).JsonAsync();
        var text = answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        Assert.Equal(["a"], JsonDocument.Parse(text).RootElement.EnumerateObject().Select(field => field.Name));
    }

    [RedisFact]
    public async Task Completions_SeveralPrompts_AnswerInOrderWholeOrStreamed()
    {
        var body = $$"""{"model":"{{ChatUnderTest.Model}}","prompt":["Title: A","Title: B"],"n":2,"seed":4,"logprobs":1,"max_tokens":10,"echo":false,"best_of":1,"suffix":null""";
        var whole = await (await service.PostJsonAsync("/v1/completions", body + "}")).JsonAsync();
        var events = await EventsAsync("/v1/completions", body + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");

        Assert.Equal("text_completion", whole.GetProperty("object").GetString());
        var choices = whole.GetProperty("choices").EnumerateArray().ToList();
        Assert.Equal([0, 1, 2, 3], choices.Select(choice => choice.GetProperty("index").GetInt32()));
        var parts = events[..^1].SelectMany(part => JsonDocument.Parse(part).RootElement.GetProperty("choices").EnumerateArray().ToList()).ToList();
        foreach (var (i, choice) in choices.Index())
        {
            var own = parts.Where(part => part.GetProperty("index").GetInt32() == i).ToList();
            Assert.Equal(choice.GetProperty("text").GetString(), string.Concat(own.Select(part => part.GetProperty("text").GetString())));
            Assert.Equal(Numbers(choice, "text_offset"), own.SelectMany(part => Numbers(part, "text_offset")));
            Assert.Equal(Numbers(choice, "token_logprobs").Count, choice.GetProperty("logprobs").GetProperty("top_logprobs").GetArrayLength());
        }
        Assert.Equal(whole.GetProperty("usage").GetRawText(), JsonDocument.Parse(events[^2]).RootElement.GetProperty("usage").GetRawText());

        static List<double> Numbers(JsonElement choice, string list) => [.. choice.GetProperty("logprobs").GetProperty(list).EnumerateArray().Select(one => one.GetDouble())];
    }

    [RedisTheory]
    [InlineData("\"prompt\":[1,2]", "prompt", "unsupported_parameter")]
    [InlineData("\"prompt\":\"\"", "prompt", "invalid_value")]
    [InlineData("\"prompt\":\"x\",\"echo\":true", "echo", "unsupported_parameter")]
    [InlineData("\"prompt\":\"x\",\"max_tokens\":0", "max_tokens", "invalid_value")]
    [InlineData("\"prompt\":\"x\",\"logprobs\":21", "logprobs", "invalid_value")]
    [InlineData("\"prompt\":[\"x\",\"y\"],\"max_tokens\":512", "prompt", "context_length_exceeded")]
    public async Task Completions_FieldAtFault_IsNamed(string field, string param, string code)
    {
        var error = await (await service.PostJsonAsync("/v1/completions", $"{{\"model\":\"{ChatUnderTest.Model}\",{field}}}")).ErrorAsync(400);
        Assert.Equal((param, code), (error.Param, error.Code));
    }

    [RedisFact]
    public async Task Sdk_DotNet_ReadsWholeAndStreamedAnswers()
    {
        var client = new ChatClient(ChatUnderTest.Model, new ApiKeyCredential(service.Key), new OpenAIClientOptions { Endpoint = new Uri(service.Http.BaseAddress!, "v1") });
#pragma warning disable OPENAI001
        ChatMessage[] messages = [new DeveloperChatMessage("Name the domains."), new UserChatMessage(ChatUnderTest.Question)];
        var options = new ChatCompletionOptions { Seed = 5, MaxOutputTokenCount = 20, IncludeLogProbabilities = true, TopLogProbabilityCount = 1 };
#pragma warning restore OPENAI001
        var whole = (await client.CompleteChatAsync(messages, options)).Value;
        var streamed = new StringBuilder();
        var usage = default(ChatTokenUsage);
        await foreach (var update in client.CompleteChatStreamingAsync(messages, options))
        {
            foreach (var part in update.ContentUpdate) streamed.Append(part.Text);
            usage = update.Usage ?? usage;
        }

        Assert.Equal(whole.Content[0].Text, streamed.ToString());
        Assert.Equal(whole.Usage.OutputTokenCount, usage!.OutputTokenCount);
        Assert.NotEmpty(whole.ContentTokenLogProbabilities);
        var refused = await Assert.ThrowsAsync<ClientResultException>(async () => await client.CompleteChatAsync([new UserChatMessage("x")], new ChatCompletionOptions { Temperature = 5 }));
        Assert.Equal(400, refused.Status);
        Assert.Contains("temperature", refused.Message, StringComparison.Ordinal);
    }

    private static string Body(string fields) => $"{{{Base},{fields}}}";

    private async Task<List<string>> EventsAsync(string path, string body)
    {
        var answer = await service.PostJsonAsync(path, body);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        var text = await answer.Content.ReadAsStringAsync();
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(part => part["data: ".Length..])];
    }
}
