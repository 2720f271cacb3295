using Google.Rpc;
using Grpc.Core;
using RftAspire.Embedded.Tests.Grpc.V1;

namespace RftAspire.Embedded.Tests.Grpc;

public class StatusTests
{
    [Theory]
    [InlineData(StatusCode.InvalidArgument, "Schritte müssen > 0 sein — 100 %, \"ja\"\n次")]
    [InlineData(StatusCode.NotFound, "")]
    [InlineData(StatusCode.Unauthenticated, "%41 stays %41")]
    public async Task Fail_RpcException_CodeAndDetailArrive(StatusCode code, string detail)
    {
        await using var server = await ProbeServer.StartAsync();

        var error = await FailAsync(server, (int)code, detail);

        Assert.Equal(code, error.StatusCode);
        Assert.Equal(detail, error.Status.Detail);
    }

    [Fact]
    public async Task Fail_RichStatus_FieldViolationsArrive()
    {
        await using var server = await ProbeServer.StartAsync();

        var error = await FailAsync(server, 3, "bad job");
        var details = Google.Rpc.Status.Parser.ParseFrom(error.Trailers.GetValueBytes("grpc-status-details-bin"));

        Assert.Equal("bad job", details.Message);
        Assert.Equal("muß > 0 sein", details.Details.Single().Unpack<BadRequest>().FieldViolations.Single().Description);
        Assert.Equal("probe", error.Trailers.GetValue("reason"));
    }

    [Theory]
    [InlineData(false, "Exception was thrown by handler.")]
    [InlineData(true, "Exception was thrown by handler. InvalidDataException: secret")]
    public async Task Fail_UnexpectedException_TellsInternalsOnlyWhenAsked(bool detailed, string expected)
    {
        await using var server = await ProbeServer.StartAsync(options => options.EnableDetailedErrors = detailed);

        var error = await FailAsync(server, 0, "secret");

        Assert.Equal(StatusCode.Unknown, error.StatusCode);
        Assert.Equal(expected, error.Status.Detail);
    }

    [Fact]
    public async Task Fail_OperationCanceled_IsCancelled()
    {
        await using var server = await ProbeServer.StartAsync();

        Assert.Equal(StatusCode.Cancelled, (await FailAsync(server, 1, "")).StatusCode);
    }

    [Fact]
    public async Task Metadata_TextAndRepeatedBytes_TravelBothWays()
    {
        await using var server = await ProbeServer.StartAsync();
        byte[][] blobs = [[0], [255, 254], [1, 2, 3], [.. Enumerable.Range(0, 256).Select(i => (byte)i)]];
        var headers = new Metadata { { "X-Text", "a, b; c=\"d\" ~" }, { "x-empty-bin", [] }, { "grpc-status", "13" } };
        foreach (var blob in blobs)
        {
            headers.Add("x-blob-bin", blob);
        }

        using var call = server.Client.MirrorAsync(new EchoRequest(), headers);
        var early = await call.ResponseHeadersAsync;
        var reply = await call;

        Assert.Equal("a, b; c=\"d\" ~", early.GetValue("h-text"));
        Assert.Empty(early.GetValueBytes("h-empty-bin")!);
        Assert.Equal(blobs, early.GetAll("h-blob-bin").Select(entry => entry.ValueBytes));
        Assert.Equal("a, b; c=\"d\" ~", call.GetTrailers().GetValue("t-text"));
        Assert.Equal(blobs, call.GetTrailers().GetAll("t-blob-bin").Select(entry => entry.ValueBytes));
        Assert.StartsWith("HTTP/2 /probe.v1.Probe/Mirror ipv4:127.0.0.1:", reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x y", "v")]
    [InlineData("key", "größe")]
    [InlineData("key", "line\nbreak")]
    [InlineData("key-bin", "text")]
    public void MetadataEntry_NotAHeader_IsRefused(string key, string value) =>
        Assert.Throws<ArgumentException>(() => new Metadata { { key, value } });

    [Fact]
    public async Task Unimplemented_MethodWithoutOverride_SaysSo()
    {
        await using var server = await ProbeServer.StartAsync();

        var error = await Assert.ThrowsAsync<RpcException>(() => server.Client.MissingAsync(new EchoRequest()).ResponseAsync);

        Assert.Equal(StatusCode.Unimplemented, error.StatusCode);
    }

    private static Task<RpcException> FailAsync(ProbeServer server, int code, string detail) =>
        Assert.ThrowsAsync<RpcException>(
            () => server.Client.FailAsync(new FailRequest { Code = code, Detail = detail }).ResponseAsync);
}
