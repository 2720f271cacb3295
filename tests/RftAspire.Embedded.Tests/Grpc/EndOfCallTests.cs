using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using RftAspire.Embedded.Tests.Grpc.V1;

namespace RftAspire.Embedded.Tests.Grpc;

public class EndOfCallTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static DateTime Soon => DateTime.UtcNow.AddMilliseconds(500);

    [Fact]
    public async Task Deadline_Passes_BothSidesNotice()
    {
        await using var server = await ProbeServer.StartAsync();
        // Connects, so that the deadline is the method's alone.
        await server.Client.EchoAsync(new EchoRequest());

        var error = await Assert.ThrowsAsync<RpcException>(
            () => server.Client.HangAsync(new EchoRequest(), deadline: Soon).ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        Assert.IsAssignableFrom<OperationCanceledException>(await server.State.Ended.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task Deadline_PassedBeforeTheCall_NeverReachesTheServer()
    {
        await using var server = await ProbeServer.StartAsync();

        var error = await Assert.ThrowsAsync<RpcException>(
            () => server.Client.HangAsync(new EchoRequest(), deadline: DateTime.UtcNow.AddSeconds(-1)).ResponseAsync);

        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        Assert.False(server.State.Started.Task.IsCompleted);
    }

    [Fact]
    public async Task Deadline_MethodThatDoesNotListen_ServerAnswersForIt()
    {
        await using var server = await ProbeServer.StartAsync();
        using var http = new RawClient(server.Address);

        // The raw client has no deadline of its own: the status can only come from the server.
        var (response, _) = await http.CallAsync("HangDeaf", RawClient.Frame([]), ("grpc-timeout", "100m"));

        Assert.Equal("4", RawClient.StatusOf(response));
        Assert.False(server.State.Ended.Task.IsCompleted);
    }

    [Fact]
    public async Task Deadline_InMidStream_EndsTheStream()
    {
        await using var server = await ProbeServer.StartAsync();
        await server.Client.EchoAsync(new EchoRequest());
        using var call = server.Client.Count(new CountRequest { Count = 1, Stay = true }, deadline: Soon);
        Assert.True(await call.ResponseStream.MoveNext());

        var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());

        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
    }

    [Fact]
    public async Task Deadline_InLocalTime_IsRefused()
    {
        await using var server = await ProbeServer.StartAsync();

        Assert.Throws<InvalidOperationException>(
            () => server.Client.EchoAsync(new EchoRequest(), deadline: DateTime.Now.AddHours(1)));
    }

    [Fact]
    public async Task Cancel_ByToken_ServerNoticesWithinASecond()
    {
        await using var server = await ProbeServer.StartAsync();
        using var cancel = new CancellationTokenSource();
        var response = server.Client.HangAsync(new EchoRequest(), cancellationToken: cancel.Token).ResponseAsync;
        await server.State.Started.Task.WaitAsync(Patience);

        var watch = Stopwatch.StartNew();
        await cancel.CancelAsync();
        var seen = await server.State.Ended.Task.WaitAsync(Patience);

        Assert.IsAssignableFrom<OperationCanceledException>(seen);
        Assert.InRange(watch.ElapsedMilliseconds, 0, 1000);
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => response)).StatusCode);
    }

    [Fact]
    public async Task Cancel_ByDisposingAStream_ServerNotices()
    {
        await using var server = await ProbeServer.StartAsync();
        var call = server.Client.Count(new CountRequest { Count = 1, Stay = true });
        Assert.True(await call.ResponseStream.MoveNext());

        call.Dispose();

        Assert.IsAssignableFrom<OperationCanceledException>(await server.State.Ended.Task.WaitAsync(Patience));
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Cancel_WhileReading_EndsTheRead()
    {
        await using var server = await ProbeServer.StartAsync();
        using var cancel = new CancellationTokenSource();
        using var call = server.Client.Count(new CountRequest { Count = 1, Stay = true });
        Assert.True(await call.ResponseStream.MoveNext(cancel.Token));
        var read = call.ResponseStream.MoveNext(cancel.Token);

        await cancel.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => read)).StatusCode);
    }

    [Fact]
    public async Task Cancel_InMidUpload_IsNotTakenForItsEnd()
    {
        await using var server = await ProbeServer.StartAsync();
        using (var call = server.Client.Sum())
        {
            await call.RequestStream.WriteAsync(new Number { Value = 1 });
            await server.State.Started.Task.WaitAsync(Patience);
        }

        Assert.NotNull(await server.State.Ended.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task Cancel_BeforeTheCall_NeverReachesTheServer()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.Client.Sum(cancellationToken: new CancellationToken(canceled: true));

        var error = await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new Number()));

        Assert.Equal(StatusCode.Cancelled, error.StatusCode);
        Assert.False(server.State.Started.Task.IsCompleted);
    }

    [Fact]
    public async Task Shutdown_InMidStream_EndsTheStream()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.Client.Count(new CountRequest { Count = 1, Stay = true });
        Assert.True(await call.ResponseStream.MoveNext());

        var stop = server.StopAsync();
        var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().WaitAsync(Patience));
        await stop.WaitAsync(Patience);

        Assert.True(error.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled, error.ToString());
    }

    [Fact]
    public async Task Connect_NobodyListens_IsUnavailableAndNamesTheAddress()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)closed.LocalEndpoint).Port}";
        closed.Stop();
        using var channel = GrpcChannel.ForAddress(address);

        var error = await Assert.ThrowsAsync<RpcException>(
            () => new Probe.ProbeClient(channel).EchoAsync(new EchoRequest()).ResponseAsync);

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Contains(address, error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("refused", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetStatus_WhileTheCallRuns_IsRefused()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.Client.HangAsync(new EchoRequest());

        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
    }

    [Theory]
    [InlineData("localhost:7081")]
    [InlineData("/tmp/socket")]
    [InlineData("ftp://localhost")]
    public void ForAddress_NotHttp_IsRefused(string address) =>
        Assert.Throws<ArgumentException>(() => GrpcChannel.ForAddress(address));
}
