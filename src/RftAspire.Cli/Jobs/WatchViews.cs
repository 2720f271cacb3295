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
    // Spectre's live display moves up by zero lines before a single one, which terminals take as one.
    private static readonly ControlCode ClearLine = new("\r\u001b[2K");

    public async Task ShowAsync(IAsyncEnumerable<JobEvent> events)
    {
        var progress = new JobProgress();
        try
        {
            await foreach (var e in events)
            {
                progress.Apply(e);
                console.Write(ClearLine);
                if (WatchText.Of(e) is { } line) console.WriteLine(line);
                console.Markup(Bar(progress, console.Profile.Width));
            }
        }
        finally
        {
            console.Write(ClearLine);
        }
    }

    private static string Bar(JobProgress progress, int width)
    {
        if (progress.TotalSteps == 0) return $"[grey]{JobJson.Word(progress.State)} ...[/]";
        var text = WatchText.Of(progress);
        // A line that wraps cannot be redrawn.
        var bar = Math.Clamp(width - text.Length - 2, 0, BarWidth);
        var done = bar * progress.Step / progress.TotalSteps;
        return $"[green]{new string('━', done)}[/][grey]{new string('━', bar - done)}[/] {Markup.Escape(text)}";
    }
}
