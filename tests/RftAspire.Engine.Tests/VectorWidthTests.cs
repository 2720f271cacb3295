using System.Diagnostics;
using System.Globalization;

namespace RftAspire.Engine.Tests;

/// <summary>Whatever vector registers a processor has, sampling and learning give the same bits.</summary>
public sealed class VectorWidthTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512", 256)]
    [InlineData("DOTNET_EnableAVX2", 128)]
    public void SampleAndStep_WithoutAProcessorFeature_SameBits(string feature, int widest)
    {
        var lines = Output(feature);
        Assert.InRange(int.Parse(lines[0], CultureInfo.InvariantCulture), 128, widest);
        Assert.Equal(EngineFingerprint.Compute(), lines[1]);
    }

    private static string[] Output(string feature)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } dotnet && Path.GetFileNameWithoutExtension(dotnet) == "dotnet" ? dotnet : "dotnet")
        {
            ArgumentList = { typeof(VectorWidthTests).Assembly.Location },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[feature] = "0";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var lines = process.StandardOutput.ReadToEnd().Split('\n');
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.GetAwaiter().GetResult());
        return lines;
    }
}
