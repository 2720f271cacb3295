using System.ClientModel;
using System.Net;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using RftAspire.Contracts.Messages;

namespace RftAspire.Services.Tests.Jobs.Chat;

/// <summary>Streams that have nothing to say for a while, and clients that do not wait for it.</summary>
public sealed class SilentStreamTests(ImpatientJobs service) : IClassFixture<ImpatientJobs>
{
    private const string Comment = ": waiting";

    [RedisFact]
    public async Task Stream_NothingToTell_HasCommentsUntilThereIs()
    {
        using var answer = await BeginAsync("\"quiet\"", stream: true);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        foreach (var expected in (string[])[Comment, "", Comment, ""]) Assert.Equal(expected, await lines.ReadLineAsync());

        await service.TellAsync(await service.CommandAsync("quiet"), 0, ["a", "b"], FinishReason.Stop);

        var events = (await lines.ReadToEndAsync()).Split('\n').Where(line => line.Length > 0 && line != Comment).ToList();
        Assert.Equal("data: [DONE]", events[^1]);
        Assert.Equal("ab", string.Concat(events[..^1].Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement.GetProperty("choices")[0].GetProperty("text").GetString())));
    }

    [RedisFact]
    public async Task Stream_FailureAfterAComment_IsTheLastEvent()
    {
        using var answer = await BeginAsync("\"too long\"", stream: true);
        await service.TellAsync(await service.CommandAsync("too long"), new CompletionError(CompletionError.ContextLength, "no room"));

        var events = (await answer.Content.ReadAsStringAsync()).Split('\n').Where(line => line.Length > 0 && line != Comment).ToList();
        var error = JsonDocument.Parse(Assert.Single(events)["data: ".Length..]).RootElement.GetProperty("error");
        Assert.Equal(("prompt", "context_length_exceeded"), (error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
    }

    [RedisFact]
    public async Task Stream_DotNetSdk_PassesOverComments()
    {
        var client = new ChatClient("base", new ApiKeyCredential(service.Key), new OpenAIClientOptions { Endpoint = new Uri(service.Http.BaseAddress!, "v1") });
        await using var updates = client.CompleteChatStreamingAsync([new UserChatMessage("from the SDK")]).GetAsyncEnumerator();

        var first = updates.MoveNextAsync().AsTask();
        var command = await service.CommandAsync("from the SDK");
        // A worker has it, and is not heard of again before several comments.
        await service.TellAsync(command, 0, []);
        await JobsUnderTest.UntilAsync(() => Task.FromResult(service.Sent("from the SDK").Count() > 1));
        Assert.False(first.IsCompleted);
        await service.TellAsync(command, 0, ["a"]);
        Assert.True(await first);
        await JobsUnderTest.UntilAsync(() => Task.FromResult(service.Sent("from the SDK").Count() > 2));
        await service.TellAsync(command, 1, ["b"], FinishReason.Stop);

        var text = "";
        do text += string.Concat(updates.Current.ContentUpdate.Select(part => part.Text));
        while (await updates.MoveNextAsync());
        Assert.Equal("ab", text);
    }

    [RedisTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Prompts_OneFails_TheOthersAreNotWaitedFor(bool stream)
    {
        var (bad, good) = ($"bad {stream}", $"good {stream}");
        var asking = BeginAsync($"""["{good}","{bad}"]""", stream);
        var other = await service.CommandAsync(good);
        await service.TellAsync(await service.CommandAsync(bad), new CompletionError(CompletionError.ContextLength, "no room"));
        await service.CancelledAsync(other);
        using var answer = await asking;
        Assert.Contains("context_length_exceeded", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [RedisTheory]
    [InlineData("whole", false, false)]
    [InlineData("before the first token", true, false)]
    [InlineData("amid tokens", true, true)]
    public async Task Client_Leaves_WorkersAreToldAtOnce(string prompt, bool stream, bool isAmid)
    {
        using var leaving = new CancellationTokenSource();
        var asking = BeginAsync($"\"{prompt}\"", stream, leaving.Token);
        var command = await service.CommandAsync(prompt);
        if (isAmid) await service.TellAsync(command, 0, ["a"]);
        using var answer = stream ? await asking : null;
        answer?.Dispose();
        await leaving.CancelAsync();
        await service.CancelledAsync(command);
        if (!stream) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    private Task<HttpResponseMessage> BeginAsync(string prompt, bool stream, CancellationToken cancellation = default) => service.Http.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent($$"""{"model":"base","prompt":{{prompt}},"stream":{{(stream ? "true" : "false")}}}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")),
        },
        HttpCompletionOption.ResponseHeadersRead, cancellation);
}
