using System.Net.Sockets;
using System.Text;

namespace RftAspire.Services.Tests.Jobs.Hostile;

/// <summary>What no HTTP client sends.</summary>
public sealed class RawHttpTests(HostileService service) : IClassFixture<HostileService>
{
    private const string Form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n";

    public static TheoryData<string, string> Requests() => new()
    {
        { "431", $"GET /v1/models HTTP/1.1\r\nHost: x\r\nKEY\r\nX-Bomb: {new string('a', 100_000)}\r\n\r\n" },
        { "431", $"GET /v1/models HTTP/1.1\r\nHost: x\r\nKEY\r\n{string.Concat(Enumerable.Range(0, 2000).Select(i => $"X-{i}: 1\r\n"))}\r\n" },
        { "400", "GET /v1/models HTTP/1.1\r\nHost: x\r\nKEY\r\nUser-Agent: a\u001b[2J\0b\r\n\r\n" },
        { "400", "GET /v1/models HTTP/1.1\r\nKEY\r\n\r\n" },
        { "400", "GET /v1/models HTTP/1.1\r\nHost: x\r\nHost: y\r\nKEY\r\n\r\n" },
        { "400", "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nKEY\r\nContent-Length: -1\r\n\r\n{}" },
        { "400", "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nKEY\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}" },
        { "400", "POST /v1/files HTTP/1.1\r\nHost: x\r\nKEY\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nno chunk" },
        { "400", "GET  /v1/models  HTTP/1.1\r\nHost: x\r\nKEY\r\n\r\n" },
        { "505", "GET /v1/models HTTP/9.9\r\nHost: x\r\nKEY\r\n\r\n" },
        { "400", "GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-rft-\u00e9\r\n\r\n" },
        // Shorter than it says, and gone: nobody is there to hear an answer.
        { "", $"POST /v1/files HTTP/1.1\r\nHost: x\r\nKEY\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {Form.Length + 1000}\r\n\r\n{Form}" },
    };

    [RedisTheory, MemberData(nameof(Requests))]
    public async Task Request_OfNoClient_IsRefusedAndLeavesNothing(string status, string request)
    {
        using var connection = await ConnectAsync();
        var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request.Replace("KEY", $"Authorization: Bearer {service.Key}", StringComparison.Ordinal)));
        if (status.Length == 0) connection.Client.Shutdown(SocketShutdown.Send);

        var answer = await new StreamReader(stream).ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) ?? "";

        Assert.StartsWith(status.Length > 0 ? $"HTTP/1.1 {status} " : "", answer, StringComparison.Ordinal);
        await JobsUnderTest.UntilAsync(() => Task.FromResult(!Directory.EnumerateFiles(Path.Combine(service.Artifacts.Root, "staging"), "*.jsonl", SearchOption.AllDirectories).Any()));
        Assert.Empty(service.Log.Errors);
        Assert.Empty(service.Log.Forged);
    }

    [RedisFact]
    public async Task Connections_ThousandIdleOnes_LeaveRoomForOthers()
    {
        var idle = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => ConnectAsync()));

        var answer = await service.Http.GetAsync("/v1/models");

        Assert.True(answer.IsSuccessStatusCode);
        foreach (var connection in idle) connection.Dispose();
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var connection = new TcpClient();
        await connection.ConnectAsync(service.Http.BaseAddress!.Host, service.Http.BaseAddress.Port);
        return connection;
    }
}
