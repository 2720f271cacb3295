using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Chat;

namespace RftAspire.Jobs.OpenAi;

/// <summary>POST /v1/chat/completions and /v1/completions.</summary>
internal static class ChatRoutes
{
    private static readonly FieldNames s_chat = new(
        ("response_format_json", "response_format", "invalid_value"),
        (CompletionError.ContextLength, "messages", "context_length_exceeded"));

    private static readonly FieldNames s_text = new(
        ("max_completion_tokens", "max_tokens", "invalid_value"),
        ("top_logprobs", "logprobs", "invalid_value"),
        ("messages", "prompt", "invalid_value"),
        (CompletionError.ContextLength, "prompt", "context_length_exceeded"));

    public static void MapChat(this RouteGroupBuilder v1)
    {
        v1.MapPost("/chat/completions", ChatAsync).Needs(Role.User, reads: true).WithMetadata(s_chat)
            .Says("Answers a conversation; a stream where it is asked for").Reads<ChatDocument>().Produces<ChatAnswer<ChatChoice>>();
        v1.MapPost("/completions", TextAsync).Needs(Role.User, reads: true).WithMetadata(s_text)
            .Says("Continues a text; a stream where it is asked for").Reads<CompletionDocument>().Produces<JsonObject>();
    }

    private static async Task ChatAsync(HttpContext http, CompleteChat chat, TimeProvider clock)
    {
        var body = await JsonBody.ReadAsync(http.Request);
        var request = ChatBody.Read(body);
        var (isStream, hasUsage) = ChatBody.Stream(body);
        var responses = Run(http, chat, request, http.RequestAborted);
        var (id, created) = (ChatAnswers.NewId("chatcmpl-"), clock.GetUtcNow().ToUnixTimeSeconds());
        if (isStream)
        {
            await new EventStream(http).SendAsync(ChatEvents(responses, Part, request, hasUsage));
            return;
        }
        var whole = new GatheredAnswer();
        await foreach (var response in responses) whole.Add(response);
        var choices = whole.Choices.Select(choice => ChatAnswers.ToChoice(choice, request.Logprobs)).ToList();
        await http.Response.WriteAsJsonAsync(new ChatAnswer<ChatChoice>(id, "chat.completion", created, request.Model, choices) with { Usage = UsageBody.Of(whole.Usage) });

        ChatAnswer<ChatPart> Part(params ChatPart[] parts) => new(id, "chat.completion.chunk", created, request.Model, parts);
    }

    /// <summary>Every choice's role before its text, its finish after it, the usage last.</summary>
    private static async IAsyncEnumerable<object> ChatEvents(
        IAsyncEnumerable<CompleteResponse> responses, Func<ChatPart[], ChatAnswer<ChatPart>> part, CompleteRequest request, bool hasUsage)
    {
        var begun = new HashSet<int>();
        await foreach (var response in responses)
        {
            if (response.Usage is { } usage && hasUsage) yield return part([]) with { Usage = UsageBody.Of(usage) };
            if (response.Delta is not { } delta) continue;
            if (begun.Add(delta.Index)) yield return part([new ChatPart(delta.Index, new DeltaBody { Role = "assistant", Content = "" }, null, null)]);
            foreach (var one in ChatAnswers.ToParts(delta, request.Logprobs)) yield return part([one]);
        }
    }

    private static async Task TextAsync(HttpContext http, CompleteChat chat, TimeProvider clock)
    {
        var body = await JsonBody.ReadAsync(http.Request);
        var requests = CompletionBody.Read(body);
        var (isStream, hasUsage) = ChatBody.Stream(body);
        var (id, created, model) = (ChatAnswers.NewId("cmpl-"), clock.GetUtcNow().ToUnixTimeSeconds(), requests[0].Model);
        var sources = requests.Select(request => Run(http, chat, request, http.RequestAborted)).ToList();
        if (isStream)
        {
            await new EventStream(http).SendAsync(TextEvents(sources, Answer, requests[0], hasUsage));
            return;
        }
        var answers = requests.Select(_ => new GatheredAnswer()).ToList();
        await foreach (var (prompt, response) in Together.Merge(sources)) answers[prompt].Add(response);
        await http.Response.WriteAsJsonAsync(
            Answer([.. answers.SelectMany((answer, prompt) => answer.Choices.Select(choice => Whole(choice, prompt)))]) with { Usage = UsageBody.Of([.. answers.Select(answer => answer.Usage)]) });

        ChatAnswer<TextChoice> Answer(params TextChoice[] choices) => new(id, "text_completion", created, model, choices);

        TextChoice Whole(GatheredChoice choice, int prompt)
        {
            var offset = 0;
            return new(choice.Text.ToString(), IndexOf(requests[0], prompt, choice.Index), requests[0].Logprobs ? TextLogprobs.Of(choice.Tokens, requests[0].TopLogprobs > 0, ref offset) : null, choice.FinishReason);
        }
    }

    private static async IAsyncEnumerable<object> TextEvents(
        List<IAsyncEnumerable<CompleteResponse>> sources, Func<TextChoice[], ChatAnswer<TextChoice>> answer, CompleteRequest first, bool hasUsage)
    {
        var (offsets, usages) = (new Dictionary<int, int>(), new List<CompletionUsage>());
        await foreach (var (prompt, response) in Together.Merge(sources))
        {
            if (response.Usage is { } usage) usages.Add(usage);
            if (response.Delta is not { } delta) continue;
            var index = IndexOf(first, prompt, delta.Index);
            var offset = offsets.GetValueOrDefault(index);
            var logprobs = first.Logprobs ? TextLogprobs.Of(delta.Tokens, first.TopLogprobs > 0, ref offset) : null;
            offsets[index] = offset;
            yield return answer([new TextChoice(delta.Text, index, logprobs, delta.FinishReason.Length > 0 ? delta.FinishReason : null)]);
        }
        if (hasUsage) yield return answer([]) with { Usage = UsageBody.Of(usages) };
    }

    private static int IndexOf(CompleteRequest request, int prompt, int choice) => prompt * (request.HasN ? request.N : 1) + choice;

    /// <summary>The use case, whose unknown model is OpenAI's.</summary>
    private static async IAsyncEnumerable<CompleteResponse> Run(
        HttpContext http, CompleteChat chat, CompleteRequest request, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await using var responses = chat.RunAsync(http.GetCaller(), request, cancellation).GetAsyncEnumerator(cancellation);
        while (await NextAsync(responses)) yield return responses.Current;
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<CompleteResponse> responses)
    {
        try
        {
            return await responses.MoveNextAsync();
        }
        catch (RpcException fault) when (fault.StatusCode == StatusCode.NotFound)
        {
            throw new OpenAiException(404, fault.Status.Detail, "model", "model_not_found");
        }
    }
}
