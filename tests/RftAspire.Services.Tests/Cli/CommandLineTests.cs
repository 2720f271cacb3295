using System.Net;
using System.Net.Sockets;
using RftAspire.Cli;

namespace RftAspire.Services.Tests.Cli;

public class CommandLineTests
{
    [Fact]
    public async Task Help_AtTheRoot_NamesEveryNoun()
    {
        var run = await CliRun.OfAsync("--help");
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.All(["jobs", "models", "datasets", "evals", "--server", "--json"], name => Assert.Contains(name, run.Out, StringComparison.Ordinal));
    }

    [Fact]
    public async Task NoArguments_PrintTheHelp()
    {
        Assert.Equal(await CliRun.OfAsync("--help"), await CliRun.OfAsync());
    }

    [Theory]
    [InlineData("rft jobs create --help", "jobs", "create", "--train", "x")]
    [InlineData("rft jobs --help", "jobs", "frobnicate")]
    [InlineData("rft jobs --help", "jobs")]
    [InlineData("rft jobs show --help", "jobs", "show")]
    public async Task Mistake_OnTheCommandLine_ExitsTwoAndNamesTheHelp(string help, params string[] args)
    {
        var run = await CliRun.OfAsync(args);
        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Out));
        Assert.StartsWith("rft: ", run.Error, StringComparison.Ordinal);
        Assert.Contains($"See: {help}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnreachablePlatform_IsOneLineThatSaysHowToStartIt()
    {
        var server = $"http://127.0.0.1:{FreePort()}";
        var run = await CliRun.OfAsync(["jobs", "list"], null, default, ("RFT_SERVER", server));
        Assert.Equal((ExitCode.Unreachable, ""), (run.Code, run.Out));
        var line = Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.All([server, "./run.sh", "dotnet run --project RftAspire.AppHost"], part => Assert.Contains(part, line, StringComparison.Ordinal));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
