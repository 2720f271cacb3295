using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using RabbitMQ.Client;

namespace RftAspire.Embedded.Tests.Hosting;

/// <summary>The AppHost of the tests with a real RabbitMQ and a real Redis, started once.</summary>
public sealed class ServersFixture : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public DistributedApplication App { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        using var timeout = new CancellationTokenSource(Limit);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.RftAspire_Embedded_Tests_AppHost>(timeout.Token);
        App = await builder.BuildAsync(timeout.Token);
        await App.StartAsync(timeout.Token);
        await App.ResourceNotifications.WaitForResourceHealthyAsync("web", timeout.Token);
    }

    public async Task DisposeAsync() => await App.DisposeAsync();
}

public sealed class ServerTests(ServersFixture servers) : IClassFixture<ServersFixture>
{
    [Fact]
    public async Task AddRabbitMQ_ConnectionString_LogsIn()
    {
        var factory = new ConnectionFactory { Uri = new Uri((await servers.App.GetConnectionStringAsync("broker"))!) };
        await using var connection = await factory.CreateConnectionAsync();
        Assert.True(connection.IsOpen);
    }

    [Fact]
    public async Task AddRabbitMQ_WrongPassword_IsRefused()
    {
        var uri = new UriBuilder((await servers.App.GetConnectionStringAsync("broker"))!) { Password = "wrong" }.Uri;
        var factory = new ConnectionFactory { Uri = uri };
        await Assert.ThrowsAnyAsync<Exception>(() => factory.CreateConnectionAsync());
    }

    [Fact]
    public async Task AddRedis_ConnectionString_StoresAndReads()
    {
        using var redis = await RedisSession.OpenAsync((await servers.App.GetConnectionStringAsync("cache"))!);
        Assert.Equal("+OK", await redis.AskAsync("SET greeting hello"));
        Assert.Equal(["$5", "hello"], await redis.LinesAsync("GET greeting", 2));
    }

    [Fact]
    public async Task AddRedis_EveryWrite_IsOnDiskWhenAcknowledged()
    {
        using var redis = await RedisSession.OpenAsync((await servers.App.GetConnectionStringAsync("cache"))!);
        Assert.Equal(["*2", "$11", "appendfsync", "$6", "always"], await redis.LinesAsync("CONFIG GET appendfsync", 5));
    }

    [Fact]
    public async Task WithReference_Servers_GiveConnectionStringsAndTheirParts()
    {
        using var client = servers.App.CreateHttpClient("web");
        var seen = System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string>>(await client.GetStringAsync("/environment"))!;
        var broker = new Uri(seen["ConnectionStrings__broker"]);
        Assert.Equal(await servers.App.GetConnectionStringAsync("broker"), seen["ConnectionStrings__broker"]);
        Assert.Equal(await servers.App.GetConnectionStringAsync("cache"), seen["ConnectionStrings__cache"]);
        Assert.Equal(broker.Port.ToString(CultureInfo.InvariantCulture), seen["BROKER_PORT"]);
        Assert.Equal(broker.UserInfo, $"{seen["BROKER_USERNAME"]}:{seen["BROKER_PASSWORD"]}");
        Assert.Equal(seen["ConnectionStrings__cache"], $"{seen["CACHE_HOST"]}:{seen["CACHE_PORT"]},password={seen["CACHE_PASSWORD"]}");
    }

    [Fact]
    public void Start_Servers_ListenOnLoopbackOnly()
    {
        var mine = ProcessTable.DescendantsOf(Environment.ProcessId).Where(entry => entry.Name is "beam.smp" or "epmd" or "redis-server").Select(entry => entry.Id).ToHashSet();
        var addresses = ListeningSockets.Of(mine);
        Assert.NotEmpty(addresses);
        Assert.All(addresses, address => Assert.True(System.Net.IPAddress.IsLoopback(address), address.ToString()));
    }

    [Fact]
    public async Task AddRabbitMQ_ConnectionStringInConfiguration_UsesThatServer()
    {
        await using var test = new TestApplication($"--ConnectionStrings:other={await servers.App.GetConnectionStringAsync("broker")}");
        var other = test.Builder.AddRabbitMQ("other");
        test.Shell("client", "echo $ConnectionStrings__other").WithReference(other).WaitFor(other);
        await test.StartAsync();
        Assert.Equal([(await servers.App.GetConnectionStringAsync("broker"))!], await test.OutputAsync("client"));
    }

    [Fact]
    public async Task AddRedis_ConnectionStringWithWrongPassword_IsUnhealthy()
    {
        var address = (await servers.App.GetConnectionStringAsync("cache"))!.Split(',')[0];
        await using var test = new TestApplication($"--ConnectionStrings:other={address},password=wrong");
        test.Builder.AddRedis("other");
        await test.StartAsync();
        await test.Notifications.WaitForResourceAsync(
            "other", seen => seen.Snapshot.HealthReports.Any(report => report.Description?.Contains("WRONGPASS", StringComparison.Ordinal) == true), test.Deadline);
    }
}
