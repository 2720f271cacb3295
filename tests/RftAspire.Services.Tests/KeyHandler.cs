namespace RftAspire.Services.Tests;

/// <summary>Sends a key with every request, over HTTP/2.</summary>
internal sealed class KeyHandler(string? key, HttpMessageHandler? to = null)
    : DelegatingHandler(to ?? new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false })
{
    /// <summary>What services under test show each other.</summary>
    public const string OfServices = "key-of-the-services";

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (key is not null) request.Headers.TryAddWithoutValidation("authorization", $"Bearer {key}");
        return base.SendAsync(request, cancellationToken);
    }
}
