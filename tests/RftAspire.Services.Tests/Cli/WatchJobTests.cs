using System.Text.Json;
using RftAspire.Cli;
using RftAspire.Cli.Jobs;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Services.Tests.Cli;

public class WatchJobTests
{
    [Fact]
    public async Task Watch_JobThatSucceeds_TellsStepsEvalsAndHowToQuery()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Events.AddRange(JobEventSamples.WholeJob());
        var run = await platform.RunAsync("jobs", "watch", "ftjob-1");
        Assert.Equal(
            """
            job is running
            eval of the base model:  greedy 0.300  sampled 0.200
            step 1/2  reward 0.250  12,346 tokens/s  0:02 left
            step 2/2  reward 0.500  12,346 tokens/s  0:00 left
            eval after step 2:  greedy 0.500  sampled 0.400
            job is succeeded
            tuned model tiny-tuned, weights abc
            query it: rft models generate --model tiny-tuned --prompt "..."

            """, run.Out, ignoreLineEndingDifferences: true);
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
    }

    [Fact]
    public async Task Watch_Json_PrintsALineAnEventAndTheJobLast()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Events.AddRange(JobEventSamples.WholeJob());
        var run = await platform.RunAsync("jobs", "watch", "ftjob-1", "--json");
        var lines = run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal([1, 2, 3, 4, 5, 6], lines[..^1].Select(line => line.GetProperty("sequence").GetInt32()));
        Assert.Equal("abc", lines[^1].GetProperty("weights_digest").GetString());
        Assert.Equal(6, lines[^1].GetProperty("events").GetArrayLength());
    }

    [Fact]
    public async Task Watch_PlatformRestarts_GoesOnAfterTheLastEventSeen()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Events.AddRange(JobEventSamples.WholeJob());
        platform.Jobs.BreakAfter = 3;
        var run = await platform.RunAsync("jobs", "watch", "ftjob-1");
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Equal([0L, 3L], platform.Jobs.WatchedAfter);
        Assert.Single(run.Out.Split('\n'), line => line.StartsWith("step 1/2", StringComparison.Ordinal));
        Assert.Single(run.Out.Split('\n'), line => line.StartsWith("step 2/2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_JobThatFails_PrintsCodeAndMessageAndExitsOne()
    {
        await using var platform = await FakePlatform.StartAsync();
        var error = new JobError { Code = "diverged", Message = "loss is NaN at step 3" };
        platform.Jobs.Job = new() { Id = "ftjob-1", State = JobState.Failed, Error = error };
        platform.Jobs.Events.Add(JobEventSamples.State(1, JobState.Failed, error));
        var run = await platform.RunAsync("jobs", "watch", "ftjob-1");
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Equal("rft: job ftjob-1 failed, diverged: loss is NaN at step 3", run.Error.Trim());
    }

    [Fact]
    public async Task Watch_CtrlC_DetachesAndSaysHowToComeBack()
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Events.Add(JobEventSamples.State(1, JobState.Running));
        platform.Jobs.KeepOpen = true;
        using var interrupt = new CancellationTokenSource();
        var running = CliRun.OfAsync(["--server", platform.Server, "jobs", "watch", "ftjob-1"], null, interrupt.Token);
        await platform.Jobs.Watching.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await interrupt.CancelAsync();
        var run = await running;
        Assert.Equal(ExitCode.Interrupted, run.Code);
        Assert.Contains("the job goes on", run.Error, StringComparison.Ordinal);
        Assert.Contains("rft jobs watch ftjob-1", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Live_WholeJob_RedrawsOneLineThatFitsTheTerminal()
    {
        var writer = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
        });
        console.Profile.Width = 70;
        await new LiveWatchView(console).ShowAsync(JobEventSamples.WholeJob().ToAsyncEnumerable());
        var redrawn = writer.ToString().Split("\r\u001b[2K");
        Assert.Contains("eval after step 2:  greedy 0.500  sampled 0.400", redrawn[5], StringComparison.Ordinal);
        Assert.EndsWith(" step 1/2  reward 0.250  12,346 tokens/s  0:02 left", redrawn[3], StringComparison.Ordinal);
        Assert.Equal(("", 2), (redrawn[^1], redrawn[^2].Split('\n').Length));
        Assert.All(redrawn.SelectMany(text => text.Split('\n')), line => Assert.InRange(line.Length, 0, 69));
    }
}
