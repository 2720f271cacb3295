using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Remote;

/// <summary>
/// Posts <c>{sample, item, trace_id}</c> and reads <c>{"score": number}</c>. What the service says when it fails comes back as the
/// reason; the values of its headers never do.
/// </summary>
internal sealed class EndpointGrader(EndpointDefinition definition, RemoteLines lines) : IGrader
{
    private static readonly MediaTypeHeaderValue s_json = new("application/json", "utf-8");
    private readonly RemoteLine _line = lines.To(definition, "url", definition.Url);
    private readonly Pace? _pace = lines.PaceOf(definition);

    public async ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation)
    {
        var body = Body(request);
        try
        {
            return await _line.CallAsync(token => PostAsync(body, token), definition.Timeout, _pace, request.JobId, cancellation);
        }
        catch (RemoteFault fault)
        {
            return fault.ToResult();
        }
    }

    /// <summary>What another's code rewards cannot be known.</summary>
    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => [];

    private byte[] Body(GradeRequest request)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WritePropertyName("sample");
            request.Sample.ToJson().WriteTo(json);
            json.WritePropertyName("item");
            request.Item.WriteTo(json);
            json.WriteString("trace_id", GradeDigest.TraceId(definition, request));
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private async Task<GradeResult> PostAsync(byte[] body, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, definition.Url) { Content = new ByteArrayContent(body) { Headers = { ContentType = s_json } } };
        foreach (var (name, value) in definition.Headers) message.Headers.TryAddWithoutValidation(name, value);
        try
        {
            using var answer = await lines.Http.SendAsync(message, cancellation);
            return Read(answer, await answer.Content.ReadAsByteArrayAsync(cancellation));
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            return Fault(RemoteFault.Result, $"answers more than {RemoteLines.MaxAnswerBytes} bytes; answer {{\"score\": number}}");
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new RemoteFault(RemoteFault.Unavailable, $"{_line.Address} cannot be reached: {error.GetBaseException().Message}", error) { IsAway = true };
        }
    }

    private GradeResult Read(HttpResponseMessage answer, byte[] body)
    {
        if (answer.IsSuccessStatusCode) return ReadScore(body);
        var status = (int)answer.StatusCode;
        var said = Said(body);
        return answer.StatusCode switch
        {
            HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout =>
                throw new RemoteFault(RemoteFault.Unavailable, Text($"answers {status}{said}")) { IsAway = true, RetryAfter = RetryAfter(answer) },
            HttpStatusCode.TooManyRequests =>
                throw new RemoteFault(RemoteFault.Unavailable, Text($"answers {status}{said}; set rate_limit or lower Grading:Concurrency")) { IsBusy = true, RetryAfter = RetryAfter(answer) },
            >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout => throw new RemoteFault(RemoteFault.Unavailable, Text($"answers {status}{said}")),
            < HttpStatusCode.BadRequest => Fault(RemoteFault.Rejected, $"answers {status}, a redirect; give the address it leads to"),
            _ => Fault(RemoteFault.Rejected, $"answers {status}{said}"),
        };
    }

    private GradeResult ReadScore(byte[] body)
    {
        if (Parse(body) is not { ValueKind: JsonValueKind.Object } answer) return Fault(RemoteFault.Result, $"does not answer a JSON object but '{RemoteText.Excerpt(body)}'");
        if (!answer.TryGetProperty("score", out var score)) return Fault(RemoteFault.Result, "answers without a score; answer {\"score\": number}");
        if (score.ValueKind != JsonValueKind.Number || !double.IsFinite(score.GetDouble())) return Fault(RemoteFault.Result, $"answers the score {RemoteText.Excerpt(score.GetRawText())}; a score is a finite number");
        return definition.Range is { } range && !range.Contains(score.GetDouble())
            ? Fault(RemoteFault.Result, $"answers the score {score.GetRawText()}, which is not from {range}; mend the grader, or its range")
            : new GradeResult.Reward(score.GetDouble());
    }

    // Azure's form of an error, else the body as it is.
    private static string Said(byte[] body)
    {
        var message = Parse(body) is { ValueKind: JsonValueKind.Object } answer && answer.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
            && error.TryGetProperty("message", out var text) && text.ValueKind == JsonValueKind.String ? RemoteText.Excerpt(text.GetString()!) : RemoteText.Excerpt(body);
        return message.Length == 0 ? "" : $": {message}";
    }

    private static JsonElement? Parse(byte[] body)
    {
        try
        {
            return JsonElement.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - DateTimeOffset.UtcNow is { Ticks: > 0 } wait ? wait : TimeSpan.Zero,
        _ => null,
    };

    private GradeResult.Ungraded Fault(string kind, string message) => new(kind, Text(message));

    private string Text(string message) => RemoteText.Without(definition.Headers.Values, $"{_line.Address} {message}");
}
