using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Files;

namespace RftAspire.Jobs.OpenAi;

/// <summary>What uploads over REST have in common.</summary>
internal static class UploadBody
{
    // What a form has beside the file.
    private const long Envelope = 1 << 20;

    /// <summary>The parameters that the use cases of files have here.</summary>
    public static readonly FieldNames Names = new(
        ("header.filename", "file", "invalid_filename"),
        ("header.purpose", "purpose", "invalid_purpose"),
        ("header.expires_after_seconds", "expires_after[seconds]", "invalid_value"),
        ("data", "file", "invalid_file_format"),
        ("page_size", "limit", "invalid_value"));

    /// <summary>Receives the one file of a form, no larger than it may be and no slower.</summary>
    public static async Task<MultipartForm> ReceiveAsync(HttpContext http, string field, IncomingFile incoming, JobsOptions options)
    {
        // The server's own limit would cut the connection off before the caller has read why.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        // A body that says beforehand that it is too large need not be sent.
        if (http.Request.ContentLength > incoming.MostBytes + Envelope)
            throw new OpenAiException(413, $"{field}: the request has {http.Request.ContentLength} bytes, a file at most {incoming.MostBytes}", field, "file_too_large");
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = new MinDataRate(options.MinUploadRate, options.UploadGrace);
        return await MultipartForm.ReadAsync(http.Request, field, incoming);
    }

    /// <summary>Seconds of <c>expires_after</c>; 0 where it is absent.</summary>
    public static long Lifetime(string? anchor, string? seconds)
    {
        if (anchor is null && seconds is null) return 0;
        if (anchor != "created_at") throw OpenAiException.Invalid("expires_after[anchor]", $"'{anchor}' is unknown; the one anchor is created_at");
        return long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var life) && life > 0
            ? life
            : throw OpenAiException.Invalid("expires_after[seconds]", $"'{seconds}' is no whole number of seconds");
    }

    public static FileHeader Header(string? filename, string? purpose, long lifetime) => new()
    {
        Filename = filename ?? throw OpenAiException.Invalid("file", "has no filename", "missing_required_parameter"),
        Purpose = string.IsNullOrEmpty(purpose) ? throw OpenAiException.Invalid("purpose", $"is missing; one of {string.Join(", ", FilePurpose.Uploads)}", "missing_required_parameter") : purpose,
        ExpiresAfterSeconds = lifetime,
    };
}
