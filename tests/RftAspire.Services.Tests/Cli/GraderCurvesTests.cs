using RftAspire.Cli.Jobs;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Services.Tests.Cli;

public sealed class GraderCurvesTests
{
    [Theory]
    [InlineData(new[] { 0.0, 1 }, "▁█")]
    [InlineData(new[] { 0.2, 0.2, 0.2 }, "▁▁▁")]
    [InlineData(new[] { 3.0, 0, 1.5, 3 }, "█▁▅█")]
    public void Curve_Values_AreBarsFromLowToHigh(double[] values, string curve) => Assert.Equal(curve, GraderCurves.Curve(values));

    [Fact]
    public void Of_TwentySteps_ShowsBothEndsOfEveryGrader()
    {
        var writer = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Ansi = AnsiSupport.No });

        console.Write(GraderCurves.Of([.. Enumerable.Range(1, 20).Select(step => new JobEvent
        {
            StepTrained = new StepTrained { Step = step, Metrics = { ["grader/exact/reward"] = step, ["grader/style/reward"] = 0.5, ["reward/mean"] = 9 } },
        })])!);

        Assert.Matches(@"exact\W+1\.500\W+19\.500\W+▁.*█", writer.ToString());
        Assert.Matches(@"style\W+0\.500\W+0\.500", writer.ToString());
        Assert.Null(GraderCurves.Of([]));
    }
}
