using System.Net;
using System.Net.Sockets;

namespace RftAspire.Embedded.Tests.Hosting;

public sealed class HostProcessTests : IDisposable
{
    private static readonly string[] NoServers = ["--Servers=false"];
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hosting-test-");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task Signal_RunningHost_EndsInGoodOrderAndLeavesNothing(string signal)
    {
        await using var host = HostProcess.Start(folder.FullName, NoServers);
        await host.WaitUntilHealthyAsync(3);
        var descendants = ProcessTable.DescendantsOf(host.Id);
        host.Signal(signal);
        Assert.Equal(0, await host.ExitAsync());
        Assert.Contains("Distributed application started. Press Ctrl+C to shut down.", host.Output, StringComparison.Ordinal);
        Assert.Empty(await ProcessTable.AliveAfterAsync(descendants, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Kill_DotNetRunAroundTheHost_EndsTheHostToo()
    {
        await using var host = HostProcess.StartBelowDotNetRun(folder.FullName, NoServers);
        await host.WaitUntilHealthyAsync(3);
        var descendants = ProcessTable.DescendantsOf(host.Id);
        host.Signal("KILL");
        Assert.Empty(await ProcessTable.AliveAfterAsync(descendants, TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Start_PortTaken_IsOneLineWithResourcePortAndSetting()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await using var host = HostProcess.Start(folder.FullName, [.. NoServers, $"--Ports:Web={port}"]);
        Assert.Equal(1, await host.ExitAsync());
        Assert.Equal($"error: Resource 'web', endpoint 'http': port {port} is taken by another process. Free it, or set --Ports:Web=... to another port.", LastLine(host));
    }

    [Fact]
    public async Task Start_DashboardPortTaken_IsOneLineWithTheSetting()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await using var host = HostProcess.Start(folder.FullName, [.. NoServers, $"--ASPNETCORE_URLS=http://localhost:{port}"]);
        Assert.Equal(1, await host.ExitAsync());
        Assert.Equal($"error: Dashboard: port {port} is taken by another process. Free it, or set --ASPNETCORE_URLS=... to another port.", LastLine(host));
    }

    [Fact]
    public async Task Start_ServersNotInstalled_IsOneLineWithTheCommand()
    {
        await using var host = HostProcess.Start(folder.FullName, path: Path.GetDirectoryName(Environment.ProcessPath)!);
        Assert.Equal(1, await host.ExitAsync());
        Assert.StartsWith("error: ", LastLine(host), StringComparison.Ordinal);
        Assert.Contains("apt-get install rabbitmq-server redis-server", LastLine(host), StringComparison.Ordinal);
    }

    private static string LastLine(HostProcess host) => host.Output.Split('\n')[^1];
}
