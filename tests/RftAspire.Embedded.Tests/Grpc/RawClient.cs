using System.Buffers.Binary;
using System.Net;

namespace RftAspire.Embedded.Tests.Grpc;

/// <summary>HTTP/2 by hand, to send what a gRPC client never would.</summary>
public sealed class RawClient(string address) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(address) };

    public static byte[] Frame(byte[] payload, byte flag = 0)
    {
        var frame = new byte[5 + payload.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame, 5);
        return frame;
    }

    /// <summary>The grpc-status, wherever it stands.</summary>
    public static string? StatusOf(HttpResponseMessage response) =>
        response.Headers.Concat(response.TrailingHeaders)
            .Where(header => header.Key == "grpc-status").Select(header => header.Value.Single()).SingleOrDefault();

    public Task<(HttpResponseMessage Response, byte[] Body)> CallAsync(
        string method, byte[] body, params (string Name, string Value)[] headers) =>
        PostAsync($"/probe.v1.Probe/{method}", body, "application/grpc", HttpVersion.Version20, headers);

    public async Task<(HttpResponseMessage Response, byte[] Body)> PostAsync(
        string path, byte[] body, string contentType, Version version, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new ByteArrayContent(body),
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        var response = await _http.SendAsync(request);
        return (response, await response.Content.ReadAsByteArrayAsync());
    }

    public void Dispose() => _http.Dispose();
}
