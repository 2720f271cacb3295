using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using RftAspire.Jobs.Chat;

namespace RftAspire.Jobs.OpenAi;

/// <summary>
/// Server-sent events: each a line of JSON, last <c>[DONE]</c>. The status is sent with the first event, or with the first comment that
/// keeps proxies from cutting a silent connection; what goes wrong later is an event of its own and the last one.
/// </summary>
internal sealed class EventStream(HttpContext http)
{
    private readonly JsonSerializerOptions _json = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
    private readonly TimeSpan _keepAlive = http.RequestServices.GetRequiredService<IOptions<ChatOptions>>().Value.KeepAlive;
    private readonly TimeProvider _clock = http.RequestServices.GetRequiredService<TimeProvider>();

    /// <summary>Sends the events that come, and [DONE]. A failure before anything was sent is the caller's to answer, with a status.</summary>
    public async Task SendAsync(IAsyncEnumerable<object> events)
    {
        await using var source = events.GetAsyncEnumerator(http.RequestAborted);
        try
        {
            while (await NextAsync(source)) await WriteAsync($"data: {JsonSerializer.Serialize(source.Current, _json)}");
            await WriteAsync("data: [DONE]");
        }
#pragma warning disable CA1031 // The status has been sent: an event is the only way left to tell.
        catch (Exception failure) when (http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
#pragma warning restore CA1031
        {
            var answer = ErrorAnswer.Of(failure, http.GetEndpoint()?.Metadata.GetMetadata<FieldNames>() ?? FieldNames.None)
                ?? new ErrorAnswer(500, "The server failed in the middle of the answer.", null, "internal_error");
            await WriteAsync($"data: {JsonSerializer.Serialize(answer.Body, _json)}");
        }
    }

    private async Task<bool> NextAsync(IAsyncEnumerator<object> source)
    {
        var next = source.MoveNextAsync().AsTask();
        while (true)
        {
            await ((Task)next).WaitAsync(_keepAlive, _clock, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (next.IsCompleted) return await next;
            // Whether or not anybody is there: who has gone ends the source, which may not be left before.
            await WriteAsync(": waiting", CancellationToken.None);
        }
    }

    private Task WriteAsync(string line) => WriteAsync(line, http.RequestAborted);

    private async Task WriteAsync(string line, CancellationToken cancellation)
    {
        if (!http.Response.HasStarted)
        {
            http.Response.ContentType = "text/event-stream; charset=utf-8";
            http.Response.Headers.CacheControl = "no-cache";
            http.Response.Headers["X-Accel-Buffering"] = "no";
        }
        await http.Response.WriteAsync(line + "\n\n", cancellation);
        await http.Response.Body.FlushAsync(cancellation);
    }
}
