using System.Text.Json;
using System.Text.Unicode;
using RftAspire.Contracts;

namespace RftAspire.Jobs.OpenAi;

/// <summary>Reads a request's JSON object strictly: no duplicate keys, bounded size and depth, sound text.</summary>
internal static class JsonBody
{
    /// <summary>Bytes of a body at most; a grader of the largest size with its rows fits.</summary>
    public const int MaxBytes = 8 << 20;

    /// <summary>Levels of a body at most.</summary>
    public const int MaxDepth = 64;

    public static async Task<JsonFields> ReadAsync(HttpRequest request)
    {
        var bytes = await BytesAsync(request);
        if (!Utf8.IsValid(bytes.Span)) throw Malformed("is no sound UTF-8");
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
            var body = document.RootElement;
            if (body.ValueKind != JsonValueKind.Object) throw Malformed($"is {JsonFields.Name(body.ValueKind)}; send an object");
            if (HasSurrogates(bytes.Span) && SoundJson.BrokenText(body) is { } place) throw OpenAiException.Invalid(place, "holds half a surrogate pair; write whole characters");
            return new JsonFields(body.Clone(), "");
        }
        catch (JsonException error)
        {
            // The reader's message ends with path and position; ours gives the position once, counted from 1.
            var reason = error.Message.Split(" LineNumber:")[0].Split(" Path:")[0];
            throw Malformed($"is no sound JSON at line {error.LineNumber + 1 ?? 1}, byte {error.BytePositionInLine + 1 ?? 1}: {reason}");
        }
        catch (InvalidOperationException)
        {
            throw Malformed("holds half a surrogate pair in a key");
        }
    }

    private static bool HasSurrogates(ReadOnlySpan<byte> json) => json.IndexOf("\\ud"u8) >= 0 || json.IndexOf("\\uD"u8) >= 0;

    private static async Task<ReadOnlyMemory<byte>> BytesAsync(HttpRequest request)
    {
        if (request.ContentType is { } type && !type.Contains("json", StringComparison.OrdinalIgnoreCase))
            throw new OpenAiException(400, $"The body's Content-Type is '{type}'; send application/json.", null, "unsupported_content_type");
        using var body = new MemoryStream();
        var buffer = new byte[64 << 10];
        while (await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted) is > 0 and var read)
        {
            if (body.Length + read > MaxBytes)
                throw new OpenAiException(413, $"The body has more than {MaxBytes} bytes; send less.", null, "body_too_large");
            body.Write(buffer, 0, read);
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private static OpenAiException Malformed(string fault) => new(400, $"The body {fault}.", null, "invalid_json");
}
