using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Jobs;

/// <summary>One way to show a job's events as they come.</summary>
public interface IWatchView
{
    Task ShowAsync(IAsyncEnumerable<JobEvent> events);
}

/// <summary>One line an event, for files and pipes.</summary>
public sealed class PlainWatchView(TextWriter writer) : IWatchView
{
    public async Task ShowAsync(IAsyncEnumerable<JobEvent> events)
    {
        var progress = new JobProgress();
        await foreach (var e in events)
        {
            progress.Apply(e);
            await writer.WriteLineAsync(WatchText.Of(e) ?? WatchText.Of(progress));
            await writer.FlushAsync();
        }
    }
}

/// <summary>One JSON document an event, one line each.</summary>
public sealed class JsonWatchView(CommandContext context) : IWatchView
{
    public async Task ShowAsync(IAsyncEnumerable<JobEvent> events)
    {
        await foreach (var e in events)
        {
            context.PrintJson(JobJson.Of(e));
            await context.Out.FlushAsync();
        }
    }
}

/// <summary>A bar that is redrawn in place; evals and notes scroll away above it.</summary>
public sealed class LiveWatchView(IAnsiConsole console) : IWatchView
{
    private const int BarWidth = 30;

    public Task ShowAsync(IAsyncEnumerable<JobEvent> events) => console.Live(new Text("")).AutoClear(true).StartAsync(async live =>
    {
        var progress = new JobProgress();
        await foreach (var e in events)
        {
            progress.Apply(e);
            if (WatchText.Of(e) is { } line) console.WriteLine(line);
            live.UpdateTarget(Bar(progress));
        }
    });

    private static Markup Bar(JobProgress progress)
    {
        if (progress.TotalSteps == 0) return new Markup($"[grey]{JobJson.Word(progress.State)} ...[/]");
        var done = BarWidth * progress.Step / progress.TotalSteps;
        return new Markup($"[green]{new string('━', done)}[/][grey]{new string('━', BarWidth - done)}[/] {Markup.Escape(WatchText.Of(progress))}");
    }
}
