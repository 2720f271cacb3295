using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace RftAspire.Jobs.OpenAi;

/// <summary>Around every request that is no gRPC call: an id, the time it took, and one form for whatever goes wrong.</summary>
public sealed partial class ErrorMiddleware(RequestDelegate next, ILogger<ErrorMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        var id = "req_" + RandomNumberGenerator.GetHexString(32, lowercase: true);
        var start = Stopwatch.GetTimestamp();
        http.Response.OnStarting(() =>
        {
            http.Response.Headers["x-request-id"] = id;
            http.Response.Headers["openai-processing-ms"] = ((long)Stopwatch.GetElapsedTime(start).TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        });
        try
        {
            await next(http);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has gone.
        }
        catch (Exception failure) when (!http.Response.HasStarted)
        {
            await AnswerAsync(http, failure, id);
        }
    }

    private async Task AnswerAsync(HttpContext http, Exception failure, string id)
    {
        // What the request itself has named, then what its route has.
        var names = http.Features.Get<FieldNames>() ?? http.GetEndpoint()?.Metadata.GetMetadata<FieldNames>() ?? FieldNames.None;
        var answer = ErrorAnswer.Of(failure, names);
        if (answer is null)
        {
            LogFailed(failure, id);
            answer = new ErrorAnswer(500, $"The server failed at this request; its log has the cause under {id}.", null, "internal_error");
        }
        // Headers that earlier parts have set, such as Retry-After, stay.
        http.Response.ContentLength = null;
        await answer.WriteAsync(http.Response);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {RequestId} failed")]
    private partial void LogFailed(Exception failure, string requestId);
}
