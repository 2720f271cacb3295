using System.Text.Json;
using RabbitMQ.Client;

namespace RftAspire.Embedded.Tests.Hosting;

/// <summary>One host with everything is killed and followed by another; each fact looks at one consequence.</summary>
public sealed class KilledHostFixture : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hosting-test-");

    internal IReadOnlyList<ProcessTable.Entry> Descendants { get; private set; } = [];
    internal IReadOnlyList<ProcessTable.Entry> Orphans { get; private set; } = [];
    public int IntruderExitCode { get; private set; }
    public string IntruderOutput { get; private set; } = "";
    public string StoredValue { get; private set; } = "";
    public string? Message { get; private set; }

    public async Task InitializeAsync()
    {
        await using (var first = HostProcess.Start(folder.FullName))
        {
            await first.WaitUntilHealthyAsync(5);
            await RunIntruderAsync();
            await StoreAsync(first);
            Descendants = ProcessTable.DescendantsOf(first.Id);
            first.Signal("KILL");
            Orphans = await ProcessTable.AliveAfterAsync(Descendants, TimeSpan.FromSeconds(10));
        }
        await using var second = HostProcess.Start(folder.FullName);
        await second.WaitUntilHealthyAsync(5);
        await ReadAsync(second);
    }

    public Task DisposeAsync()
    {
        folder.Delete(recursive: true);
        return Task.CompletedTask;
    }

    private async Task RunIntruderAsync()
    {
        await using var intruder = HostProcess.Start(folder.FullName);
        IntruderExitCode = await intruder.ExitAsync();
        IntruderOutput = intruder.Output;
    }

    private async Task StoreAsync(HostProcess host)
    {
        using var redis = await RedisAsync(host);
        await redis.AskAsync("SET kept value");
        await using var connection = await BrokerAsync(host);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.QueueDeclareAsync("kept", durable: true, exclusive: false, autoDelete: false);
        await channel.BasicPublishAsync("", "kept", true, new BasicProperties { Persistent = true }, "message"u8.ToArray());
    }

    private async Task ReadAsync(HostProcess host)
    {
        using var redis = await RedisAsync(host);
        StoredValue = (await redis.LinesAsync("GET kept", 2))[1];
        await using var connection = await BrokerAsync(host);
        await using var channel = await connection.CreateChannelAsync();
        var delivery = await channel.BasicGetAsync("kept", autoAck: true);
        Message = delivery is null ? null : System.Text.Encoding.UTF8.GetString(delivery.Body.Span);
    }

    private async Task<RedisSession> RedisAsync(HostProcess host) =>
        await RedisSession.OpenAsync($"127.0.0.1:{await host.PortAsync("cache")},password={Secret("cache-password")}");

    private async Task<IConnection> BrokerAsync(HostProcess host) =>
        await new ConnectionFactory { Uri = new($"amqp://guest:{Secret("broker-password")}@127.0.0.1:{await host.PortAsync("broker")}") }.CreateConnectionAsync();

    private string Secret(string name) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(folder.FullName, "secrets.json")))![name];
}

public sealed class KilledHostTests(KilledHostFixture killed) : IClassFixture<KilledHostFixture>
{
    [Theory]
    [InlineData("beam.smp")]
    [InlineData("epmd")]
    [InlineData("redis-server")]
    [InlineData("dotnet")]
    [InlineData("sleep")]
    public void Kill_RunningHost_HadSuchADescendant(string name) => Assert.Contains(killed.Descendants, entry => entry.Name == name);

    [Fact]
    public void Kill_RunningHost_LeavesNoProcess() => Assert.Empty(killed.Orphans);

    [Fact]
    public void Restart_AfterKill_FindsTheStoredValue() => Assert.Equal("value", killed.StoredValue);

    [Fact]
    public void Restart_AfterKill_FindsTheConfirmedMessage() => Assert.Equal("message", killed.Message);

    [Fact]
    public void Start_DataDirectoryInUse_IsOneLineWithTheSetting()
    {
        Assert.Equal(1, killed.IntruderExitCode);
        var line = killed.IntruderOutput.Split('\n')[^1];
        Assert.StartsWith("error: Data directory", line, StringComparison.Ordinal);
        Assert.Contains("Hosting:DataDirectory", line, StringComparison.Ordinal);
    }
}
