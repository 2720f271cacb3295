using Google.Protobuf;
using Grpc.Core;
using RftAspire.Embedded.Tests.Grpc.V1;

namespace RftAspire.Embedded.Tests.Grpc;

public class CallTests
{
    [Fact]
    public async Task Unary_TextAndBytes_ComeBackEqual()
    {
        await using var server = await ProbeServer.StartAsync();
        var request = new EchoRequest { Text = "Grüße, 世界", Data = ByteString.CopyFrom(0, 1, 255) };

        using var call = server.Client.EchoAsync(request);
        var reply = await call;

        Assert.Equal(request.Text, reply.Text);
        Assert.Equal(request.Data, reply.Data);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Unary_EmptyMessage_ComesBackEmpty()
    {
        await using var server = await ProbeServer.StartAsync();

        Assert.Equal(new EchoReply(), await server.Client.EchoAsync(new EchoRequest()));
    }

    [Fact]
    public async Task Unary_Blocking_Answers()
    {
        await using var server = await ProbeServer.StartAsync();

        Assert.Equal("x", await Task.Run(() => server.Client.Echo(new EchoRequest { Text = "x" }).Text));
    }

    [Fact]
    public async Task Unary_ThousandAtOnce_EachGetsItsOwnAnswer()
    {
        await using var server = await ProbeServer.StartAsync();
        var client = server.Client;

        var replies = await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i =>
            (await client.EchoAsync(new EchoRequest { Text = $"call {i}" })).Text));

        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"call {i}"), replies);
    }

    [Fact]
    public async Task Unary_ThreeMebibytes_ComeBackEqual()
    {
        await using var server = await ProbeServer.StartAsync();
        var data = new byte[3 << 20];
        new Random(1).NextBytes(data);

        var reply = await server.Client.EchoAsync(new EchoRequest { Data = ByteString.CopyFrom(data) });

        Assert.True(reply.Data.Span.SequenceEqual(data));
    }

    [Fact]
    public async Task ClientStream_ManyNumbers_AreSummed()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.Client.Sum();

        for (var i = 1; i <= 2000; i++)
        {
            await call.RequestStream.WriteAsync(new Number { Value = i });
        }
        await call.RequestStream.CompleteAsync();

        Assert.Equal(2000 * 2001 / 2, (await call).Value);
    }

    [Fact]
    public async Task ClientStream_ServerRefusesMidway_WriterAndResponseGetItsStatus()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.Client.Sum();

        var write = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
            {
                await call.RequestStream.WriteAsync(new Number { Value = -1 });
            }
        });
        var response = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);

        Assert.Equal(StatusCode.InvalidArgument, write.StatusCode);
        Assert.Equal("value must not be negative", response.Status.Detail);
    }

    [Fact]
    public async Task ServerStream_TenThousandMessages_ArriveInOrder()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.Client.Count(new CountRequest { Count = 10_000 });

        var expected = 1L;
        await foreach (var number in call.ResponseStream.ReadAllAsync())
        {
            Assert.Equal(expected++, number.Value);
        }

        Assert.Equal(10_001, expected);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task ServerStream_NoMessage_EndsWithOk()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.Client.Count(new CountRequest());

        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task ServerStream_SlowReader_HoldsTheServerBack()
    {
        await using var server = await ProbeServer.StartAsync();
        const int count = 2000;
        using var call = server.Client.Count(new CountRequest { Count = count, Padding = 64 * 1024 });
        Assert.True(await call.ResponseStream.MoveNext());

        await server.State.WriteBlocked.Task.WaitAsync(TimeSpan.FromSeconds(10));
        var ahead = server.State.Written;
        var read = 1;
        while (await call.ResponseStream.MoveNext())
        {
            read++;
        }

        Assert.InRange(ahead, 0, count / 2);
        Assert.Equal(count, read);
    }

    [Fact]
    public async Task Duplex_QuestionAndAnswerInTurns_ArePaired()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.Client.Chat();

        foreach (var word in new[] { "one", "two", "three" })
        {
            await call.RequestStream.WriteAsync(new EchoRequest { Text = word });
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(word.ToUpperInvariant(), call.ResponseStream.Current.Text);
        }
        await call.RequestStream.CompleteAsync();

        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task RequestStream_WriteAfterComplete_IsRefused()
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = server.Client.Sum();
        await call.RequestStream.CompleteAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new Number()));
    }
}
