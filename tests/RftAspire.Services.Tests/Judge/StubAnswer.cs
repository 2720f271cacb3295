using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace RftAspire.Services.Tests.Judge;

/// <summary>What the stub does with one question.</summary>
public sealed class StubAnswer
{
    private readonly int _status;
    private readonly string? _body;
    private readonly Func<string, string>? _completion;

    private StubAnswer(int status, string? body, Func<string, string>? completion = null) => (_status, _body, _completion) = (status, body, completion);

    /// <summary>What must happen before anything is written.</summary>
    private Func<CancellationToken, Task>? Wait { get; init; }

    /// <summary>Seconds, in the header Retry-After.</summary>
    private double? RetryAfter { get; init; }

    /// <summary>The connection breaks: before the answer, or within it.</summary>
    private bool IsCut { get; init; }

    public static StubAnswer Score(double score) => Text(Judgement(score.ToString("R", CultureInfo.InvariantCulture)));

    public static StubAnswer Label(string label) => Text(Judgement(JsonSerializer.Serialize(label)));

    /// <summary>The judge's JSON around a result that is given as JSON.</summary>
    public static string Judgement(string result) => $$"""{"steps":[{"description":"read it","conclusion":"understood"}],"result":{{result}}}""";

    /// <summary>A completion of any text.</summary>
    public static StubAnswer Text(string text, string finishReason = "stop") => new(200, null, model => Completion(model, new { role = "assistant", content = text, refusal = (string?)null }, finishReason));

    public static StubAnswer Refusal(string text) => new(200, null, model => Completion(model, new { role = "assistant", content = (string?)null, refusal = text }, "stop"));

    public static StubAnswer Body(string body) => new(200, body);

    public static StubAnswer Failure(int status, string message, string? code = null) =>
        new(status, JsonSerializer.Serialize(new { error = new { message, type = "error", code } }));

    public static StubAnswer TooMany(double retryAfterSeconds) =>
        new(429, """{"error":{"message":"too many","type":"rate_limit","code":null}}""") { RetryAfter = retryAfterSeconds };

    public static StubAnswer Drop() => new(200, null) { IsCut = true };

    public static StubAnswer Half() => new(200, null, model => Completion(model, new { role = "assistant", content = Judgement("1"), refusal = (string?)null }, "stop")) { IsCut = true };

    public static StubAnswer Slow(TimeSpan delay, double score) => Score(score).After(gone => Task.Delay(delay, gone));

    /// <summary>This answer, once the task is done.</summary>
    public StubAnswer After(Task task) => After(task.WaitAsync);

    internal async Task WriteAsync(HttpContext context, string model)
    {
        if (Wait is not null) await Wait(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var bytes = Encoding.UTF8.GetBytes(_completion?.Invoke(model) ?? _body ?? "");
        if (IsCut && bytes.Length == 0)
        {
            context.Abort();
            return;
        }
        context.Response.StatusCode = _status;
        context.Response.ContentType = "application/json";
        if (RetryAfter is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        // Half of what was promised: the server then closes the connection.
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes.AsMemory(0, IsCut ? bytes.Length / 2 : bytes.Length), context.RequestAborted);
    }

    private StubAnswer After(Func<CancellationToken, Task> wait) => new(_status, _body, _completion) { RetryAfter = RetryAfter, IsCut = IsCut, Wait = wait };

    private static string Completion(string model, object message, string finishReason) => JsonSerializer.Serialize(new
    {
        id = "chatcmpl-stub",
        @object = "chat.completion",
        created = 0,
        model,
        choices = new[] { new { index = 0, message, finish_reason = finishReason, logprobs = (object?)null } },
        usage = new { prompt_tokens = 100, completion_tokens = 20, total_tokens = 120, prompt_tokens_details = new { cached_tokens = 40 } },
    });
}
