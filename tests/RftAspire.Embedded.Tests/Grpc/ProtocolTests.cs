using System.IO.Compression;
using System.Net;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RftAspire.Embedded.Tests.Grpc.V1;

namespace RftAspire.Embedded.Tests.Grpc;

public class ProtocolTests
{
    private static readonly byte[] Hello = new EchoRequest { Text = "hello" }.ToByteArray();

    [Theory]
    [InlineData("/probe.v1.Probe/NoSuch", "Method")]
    [InlineData("/probe.v1.NoSuch/Echo", "Service")]
    public async Task Unimplemented_UnknownPath_IsATrailersOnlyResponse(string path, string what)
    {
        await using var server = await ProbeServer.StartAsync();
        using var http = new RawClient(server.Address);

        var (response, body) = await http.PostAsync(
            path, RawClient.Frame(Hello), "application/grpc+proto", HttpVersion.Version20);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("12", response.Headers.GetValues("grpc-status").Single());
        Assert.StartsWith(what, response.Headers.GetValues("grpc-message").Single(), StringComparison.Ordinal);
        Assert.Equal("application/grpc", response.Content.Headers.ContentType!.MediaType);
        Assert.Empty(body);
    }

    [Fact]
    public async Task UnknownPath_NotGrpc_IsNotFound()
    {
        await using var server = await ProbeServer.StartAsync();
        using var http = new RawClient(server.Address);

        var (response, _) = await http.PostAsync("/a/b", Hello, "application/json", HttpVersion.Version20);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/grpc-web")]
    [InlineData("")]
    public async Task ContentType_NotGrpc_IsUnsupportedMediaType(string contentType)
    {
        await using var server = await ProbeServer.StartAsync();
        using var http = new RawClient(server.Address);

        var (response, _) = await http.PostAsync(
            "/probe.v1.Probe/Echo", RawClient.Frame(Hello), contentType, HttpVersion.Version20);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task Http11_Request_IsToldToUpgrade()
    {
        await using var server = await ProbeServer.StartAsync(protocols: HttpProtocols.Http1);
        using var http = new RawClient(server.Address);

        var (response, body) = await http.PostAsync(
            "/probe.v1.Probe/Echo", RawClient.Frame(Hello), "application/grpc", HttpVersion.Version11);

        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
        Assert.Contains("HTTP/2", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gzip_Request_IsRead()
    {
        await using var server = await ProbeServer.StartAsync();
        using var http = new RawClient(server.Address);

        var (response, body) = await http.CallAsync("Echo", RawClient.Frame(Zip(Hello), flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal("0", RawClient.StatusOf(response));
        Assert.Equal("hello", EchoReply.Parser.ParseFrom(body, 5, body.Length - 5).Text);
    }

    [Fact]
    public async Task Gzip_UnpacksToMoreThanTheLimit_IsResourceExhausted()
    {
        await using var server = await ProbeServer.StartAsync(options => options.MaxReceiveMessageSize = 10_000);
        using var http = new RawClient(server.Address);

        var (response, _) = await http.CallAsync(
            "Echo", RawClient.Frame(Zip(new byte[50_000_000]), flag: 1), ("grpc-encoding", "gzip"));

        // The frame alone is above the limit: nothing was unpacked.
        Assert.Equal("8", RawClient.StatusOf(response));
        var (bomb, _) = await http.CallAsync(
            "Echo", RawClient.Frame(Zip(new byte[1_000_000]), flag: 1), ("grpc-encoding", "gzip"));
        Assert.Equal("8", RawClient.StatusOf(bomb));
    }

    [Fact]
    public async Task Encoding_Unknown_IsUnimplementedAndNamesTheKnown()
    {
        await using var server = await ProbeServer.StartAsync();
        using var http = new RawClient(server.Address);

        var (response, _) = await http.CallAsync("Echo", RawClient.Frame(Hello, flag: 1), ("grpc-encoding", "br"));

        Assert.Equal("12", RawClient.StatusOf(response));
        Assert.Equal("identity,gzip", string.Join(',', response.Headers.GetValues("grpc-accept-encoding")));
    }

    public static TheoryData<string, byte[]> MalformedBodies => new()
    {
        { "nothing", [] },
        { "half a header", [0, 0] },
        { "half a message", RawClient.Frame(Hello)[..^1] },
        { "an unknown flag", RawClient.Frame(Hello, flag: 7) },
        { "a flag without an encoding", RawClient.Frame(Hello, flag: 1) },
        { "not protobuf", RawClient.Frame([0xff, 0xff, 0xff]) },
        { "two messages", [.. RawClient.Frame(Hello), .. RawClient.Frame(Hello)] },
    };

    [Theory]
    [MemberData(nameof(MalformedBodies))]
    public async Task Body_Malformed_IsInternal(string what, byte[] body)
    {
        await using var server = await ProbeServer.StartAsync();
        using var http = new RawClient(server.Address);

        var (response, _) = await http.CallAsync("Echo", body);

        Assert.True(RawClient.StatusOf(response) == "13", what);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("S")]
    [InlineData("123456789S")]
    [InlineData("-1S")]
    [InlineData("1x")]
    public async Task Timeout_Malformed_IsInternal(string timeout)
    {
        await using var server = await ProbeServer.StartAsync();
        using var http = new RawClient(server.Address);

        var (response, _) = await http.CallAsync("Echo", RawClient.Frame(Hello), ("grpc-timeout", timeout));

        Assert.Equal("13", RawClient.StatusOf(response));
    }

    [Theory]
    [InlineData("99999999H")]
    [InlineData("99999999m")]
    [InlineData("99999999S")]
    public async Task Timeout_VeryLong_IsAccepted(string timeout)
    {
        await using var server = await ProbeServer.StartAsync();
        using var http = new RawClient(server.Address);

        var (response, _) = await http.CallAsync("Echo", RawClient.Frame(Hello), ("grpc-timeout", timeout));

        Assert.Equal("0", RawClient.StatusOf(response));
    }

    [Fact]
    public async Task TooLarge_ForTheServerToReceive_IsResourceExhausted()
    {
        await using var server = await ProbeServer.StartAsync();

        var error = await EchoAsync(server.Client, 5 << 20);

        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("MaxReceiveMessageSize", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TooLarge_ForTheServerToSend_IsResourceExhausted()
    {
        await using var server = await ProbeServer.StartAsync(options => options.MaxSendMessageSize = 1000);

        Assert.Equal(StatusCode.ResourceExhausted, (await EchoAsync(server.Client, 2000)).StatusCode);
    }

    [Fact]
    public async Task TooLarge_ForTheClientToReceive_IsResourceExhausted()
    {
        await using var server = await ProbeServer.StartAsync();
        var client = server.Connect(new GrpcChannelOptions { MaxReceiveMessageSize = 1000 });

        Assert.Equal(StatusCode.ResourceExhausted, (await EchoAsync(client, 2000)).StatusCode);
    }

    [Fact]
    public async Task TooLarge_ForTheClientToSend_IsResourceExhausted()
    {
        await using var server = await ProbeServer.StartAsync();
        var client = server.Connect(new GrpcChannelOptions { MaxSendMessageSize = 1000 });

        Assert.Equal(StatusCode.ResourceExhausted, (await EchoAsync(client, 2000)).StatusCode);
    }

    [Theory]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(200, StatusCode.Unknown)]
    public async Task Response_PlainHttp_IsMappedToAStatus(int httpStatus, StatusCode expected)
    {
        using var channel = GrpcChannel.ForAddress(
            "http://plain.test", new GrpcChannelOptions { HttpHandler = new PlainServer(httpStatus), DisposeHttpClient = true });

        Assert.Equal(expected, (await EchoAsync(new Probe.ProbeClient(channel), 1)).StatusCode);
    }

    private static Task<RpcException> EchoAsync(Probe.ProbeClient client, int size) =>
        Assert.ThrowsAsync<RpcException>(
            () => client.EchoAsync(new EchoRequest { Data = ByteString.CopyFrom(new byte[size]) }).ResponseAsync);

    private static byte[] Zip(byte[] plain)
    {
        var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            zip.Write(plain);
        }
        return packed.ToArray();
    }

    private sealed class PlainServer(int status) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent("<html>") });
    }
}
