#pragma warning disable OPENAI001 // Seed, reasoning effort and developer messages are experimental in the library, not in the API.
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Judge.Prompts;

namespace RftAspire.Judge;

/// <summary>A model behind an OpenAI-compatible endpoint.</summary>
internal sealed class ChatEndpoint(string name, EndpointAddress address, string remoteModel, EndpointLine line, JudgeOptions options) : IJudgeBackend, IDisposable
{
    private const int ContentFiltered = 400;
    // An endpoint without keys still gets a header; nothing is secret about it.
    private readonly ChatClient _client = new(remoteModel, new ApiKeyCredential(address.ApiKey is { Length: > 0 } key ? key : "none"), new OpenAIClientOptions
    {
        Endpoint = address.Endpoint,
        Transport = new HttpClientPipelineTransport(line.Http),
        // Tries and deadlines are EndpointLine's.
        RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
        NetworkTimeout = options.Deadline,
    });
    private readonly SemaphoreSlim _turns = new(options.Concurrency);

    public string Model => name;

    public string Identity => $"{address.Endpoint} {remoteModel}";

    public async Task<Answer> AskAsync(Prompt prompt, SamplingParams sampling, (string Digest, int Vote) draw, CancellationToken cancellation)
    {
        var messages = prompt.Messages.Select(ToChat).ToList();
        var settings = Settings(prompt, sampling, draw.Vote);
        // Waiting for a turn is the caller's time, not the endpoint's: its deadline begins after it.
        await _turns.WaitAsync(cancellation);
        try
        {
            return await line.CallAsync(attempt => AskOnceAsync(messages, settings, attempt), cancellation);
        }
        finally
        {
            _turns.Release();
        }
    }

    public void Dispose() => _turns.Dispose();

    private async Task<Answer> AskOnceAsync(List<ChatMessage> messages, ChatCompletionOptions settings, CancellationToken cancellation)
    {
        try
        {
            return ToAnswer(await _client.CompleteChatAsync(messages, settings, cancellation));
        }
        catch (ClientResultException error) when (error.Status == ContentFiltered && ErrorCode(error) == "content_filter")
        {
            return new Answer("its content filter stopped the question", Ending.Refused, default);
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException or ArgumentException or NullReferenceException or KeyNotFoundException)
        {
            // What the library throws where the body is no chat completion.
            throw new JudgeException(JudgeFailureKind.Unreadable, $"{address.Endpoint} answered with what is no chat completion ({error.GetType().Name}); is it OpenAI-compatible?", error);
        }
    }

    private static Answer ToAnswer(ChatCompletion completion)
    {
        var usage = completion.Usage is { } use
            ? new TokenUse(use.InputTokenCount, use.OutputTokenCount, use.InputTokenDetails?.CachedTokenCount ?? 0)
            : default;
        if (!string.IsNullOrEmpty(completion.Refusal)) return new Answer(completion.Refusal, Ending.Refused, usage);
        var text = string.Concat(completion.Content.Where(part => part.Kind == ChatMessageContentPartKind.Text).Select(part => part.Text));
        return completion.FinishReason switch
        {
            ChatFinishReason.Length => new Answer(text, Ending.Truncated, usage),
            ChatFinishReason.ContentFilter => new Answer("its content filter stopped the answer", Ending.Refused, usage),
            _ => new Answer(text, Ending.Complete, usage),
        };
    }

    private ChatCompletionOptions Settings(Prompt prompt, SamplingParams sampling, int vote) => new()
    {
        Temperature = sampling.HasTemperature ? (float)sampling.Temperature : null,
        TopP = sampling.HasTopP ? (float)sampling.TopP : null,
        Seed = sampling.HasSeed ? unchecked(sampling.Seed + vote) : null,
        MaxOutputTokenCount = sampling.HasMaxCompletionsTokens ? sampling.MaxCompletionsTokens : options.MaxCompletionTokens,
        ReasoningEffortLevel = sampling.ReasoningEffort.Length > 0 ? new ChatReasoningEffortLevel(sampling.ReasoningEffort) : (ChatReasoningEffortLevel?)null,
        ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("judgement", BinaryData.FromString(prompt.Form.Schema()), jsonSchemaIsStrict: true),
    };

    private static ChatMessage ToChat(WrittenMessage message) => message.Role switch
    {
        "system" => new SystemChatMessage(message.Content),
        "developer" => new DeveloperChatMessage(message.Content),
        "assistant" => new AssistantChatMessage(message.Content),
        _ => new UserChatMessage(message.Content),
    };

    private static string? ErrorCode(ClientResultException error)
    {
        try
        {
            using var body = JsonDocument.Parse(error.GetRawResponse()?.Content ?? BinaryData.FromString("{}"));
            return body.RootElement.GetProperty("error").GetProperty("code").GetString();
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}

/// <summary>Where an endpoint is and what opens it.</summary>
internal sealed record EndpointAddress(Uri Endpoint, string? ApiKey)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => Endpoint.ToString();
}
