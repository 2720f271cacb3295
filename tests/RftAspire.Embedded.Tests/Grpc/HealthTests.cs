using Grpc.Core;
using Grpc.Health.V1;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace RftAspire.Embedded.Tests.Grpc;

public class HealthTests
{
    [Theory]
    [InlineData(false, ServingStatus.Serving)]
    [InlineData(true, ServingStatus.NotServing)]
    public async Task Check_Server_IsWhatItsChecksSay(bool unhealthy, ServingStatus expected)
    {
        await using var server = await ProbeServer.StartAsync(unhealthy: unhealthy);
        var health = new Health.HealthClient(server.Channel());

        Assert.Equal(expected, (await health.CheckAsync(new())).Status);
    }

    [Fact]
    public async Task Check_UnknownService_IsNotFound()
    {
        await using var server = await ProbeServer.StartAsync();
        var health = new Health.HealthClient(server.Channel());

        var error = await Assert.ThrowsAsync<RpcException>(async () => await health.CheckAsync(new() { Service = "no.Such" }));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Theory]
    [InlineData("", ServingStatus.Serving)]
    [InlineData("no.Such", ServingStatus.ServiceUnknown)]
    public async Task Watch_AnyService_TellsItsStatusAndStays(string service, ServingStatus expected)
    {
        await using var server = await ProbeServer.StartAsync();
        using var call = new Health.HealthClient(server.Channel()).Watch(new() { Service = service });

        Assert.True(await call.ResponseStream.MoveNext(default));
        Assert.Equal(expected, call.ResponseStream.Current.Status);
        Assert.False(call.ResponseStream.MoveNext(default).IsCompleted);
    }
}
