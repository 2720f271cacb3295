using RftAspire.Cli;
using RftAspire.Cli.Platform;
using RftAspire.Services.Tests.Jobs;

namespace RftAspire.Services.Tests.Cli;

/// <summary>Which key the command line sends, against the real Jobs.</summary>
public sealed class PlatformKeyTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>, IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [RedisFact]
    public async Task ModelsList_KeyInAFolderAbove_IsSent()
    {
        _folder.Write(".rft/dev-key", service.Key + "\n");

        var run = await RunAsync();

        Assert.True(run.Code == ExitCode.Ok, run.Error);
    }

    [RedisFact]
    public async Task ModelsList_KeyOfTheDataFolder_IsSent()
    {
        _folder.Write("elsewhere/dev-key", service.Key);

        var run = await RunAsync(("RFT_HOME", Path.Combine(_folder.Path, "elsewhere")));

        Assert.True(run.Code == ExitCode.Ok, run.Error);
    }

    [RedisFact]
    public async Task ModelsList_RefusedKeyOfTheEnvironment_SaysWhereKeysComeFrom()
    {
        _folder.Write(".rft/dev-key", service.Key);

        var run = await RunAsync((PlatformKey.Variable, "sk-rft-wrong"));

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains("no valid API key", run.Error, StringComparison.Ordinal);
        Assert.Contains("RFT_API_KEY", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-rft-wrong", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_OtherMachine_GetsTheKeyOfTheEnvironmentAlone()
    {
        _folder.Write(".rft/dev-key", "sk-rft-dev");

        Assert.Equal("sk-rft-dev", PlatformKey.Find(From(null), "http://localhost:7081"));
        Assert.Null(PlatformKey.Find(From(null), "https://rft.example:7081"));
        Assert.Equal("sk-rft-env", PlatformKey.Find(From("sk-rft-env"), "https://rft.example:7081"));
    }

    private Surroundings From(string? variable) => new()
    {
        Out = TextWriter.Null,
        Error = TextWriter.Null,
        WorkingDirectory = Directory.CreateDirectory(Path.Combine(_folder.Path, "a", "b")).FullName,
        Variable = name => name == PlatformKey.Variable ? variable : null,
    };

    private Task<CliRun> RunAsync(params (string Name, string Value)[] variables) => CliRun.OfAsync(
        ["--server", service.GrpcAddress.ToString(), "models", "list", "--json"], From(null).WorkingDirectory, default, variables);
}
