using System.Text.Json;
using RftAspire.Cli;

namespace RftAspire.Services.Tests.Cli;

public sealed class EngineBenchTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Engine_Json_PrintsALineForEachBenchmarkAndPrecision()
    {
        var run = await CliRun.OfAsync(["bench", "engine", "--shape", "T", "--only", "grouped_decode", "prefill", "--seconds", "0.05", "--json"], _folder.Path);
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        var lines = run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).ToList();
        Assert.Equal(["grouped_decode f32", "prefill f32", "grouped_decode bf16", "prefill bf16"],
            lines.Select(line => $"{line.GetProperty("benchmark").GetString()} {line.GetProperty("dtype").GetString()}"));
        Assert.All(lines, line => Assert.InRange(line.GetProperty("tokens_per_second").GetDouble(), line.GetProperty("min").GetDouble(), line.GetProperty("max").GetDouble()));
        Assert.All(lines, line => Assert.InRange(line.GetProperty("tried").GetInt32(), 1, int.MaxValue));
    }

    [Theory]
    [InlineData("--seconds", "0")]
    [InlineData("--threads", "-1")]
    [InlineData("--shape", "X")]
    [InlineData("--only", "speed")]
    [InlineData("--dtype", "int8")]
    public async Task Engine_ImpossibleSetting_SaysWhatIsPossible(string option, string value)
    {
        var run = await CliRun.OfAsync(["bench", "engine", option, value], _folder.Path);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains(value, run.Error, StringComparison.Ordinal);
    }
}
