using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace RftAspire.Jobs.OpenAi;

/// <summary>Server-sent events: each a line of JSON, last <c>[DONE]</c>. What goes wrong on the way is an event of its own and the last one.</summary>
internal sealed class EventStream(HttpContext http)
{
    private readonly JsonSerializerOptions _json = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;

    /// <summary>Sends the events that come, and [DONE]. A failure before the first is the caller's to answer, with a status.</summary>
    public async Task SendAsync(IAsyncEnumerable<object> events)
    {
        await using var source = events.GetAsyncEnumerator(http.RequestAborted);
        if (await source.MoveNextAsync())
        {
            http.Response.ContentType = "text/event-stream; charset=utf-8";
            http.Response.Headers.CacheControl = "no-cache";
            http.Response.Headers["X-Accel-Buffering"] = "no";
            if (!await TrySendAllAsync(source)) return;
        }
        await WriteAsync("[DONE]");
    }

    private async Task<bool> TrySendAllAsync(IAsyncEnumerator<object> source)
    {
        try
        {
            do await WriteAsync(JsonSerializer.Serialize(source.Current, _json));
            while (await source.MoveNextAsync());
            return true;
        }
#pragma warning disable CA1031 // The status has been sent: an event is the only way left to tell.
        catch (Exception failure) when (!http.RequestAborted.IsCancellationRequested)
#pragma warning restore CA1031
        {
            var answer = ErrorAnswer.Of(failure, http.GetEndpoint()?.Metadata.GetMetadata<FieldNames>() ?? FieldNames.None)
                ?? new ErrorAnswer(500, "The server failed in the middle of the answer.", null, "internal_error");
            await WriteAsync(JsonSerializer.Serialize(answer.Body, _json));
            return false;
        }
    }

    private async Task WriteAsync(string data)
    {
        await http.Response.WriteAsync($"data: {data}\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }
}
