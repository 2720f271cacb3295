using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Cli.Platform;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Jobs;

public static class ListEventsCommand
{
    public static Command Create(CommandLine cli)
    {
        var id = JobCommands.JobId();
        var limit = new Option<int>("--limit") { HelpName = "N", Description = "At most so many, 1 to 1000.", DefaultValueFactory = _ => 20 };
        var before = new Option<long>("--before") { HelpName = "SEQUENCE", Description = "Go on before this event, the last of the page before." };
        return cli.Handle(new Command("events", "List what happened to a job, newest first.") { id, limit, before }, async (context, cancellationToken) =>
        {
            var request = new ListEventsRequest { JobId = context.Get(id), PageSize = context.Get(limit), BeforeSequence = context.Get(before) };
            if (request.PageSize is < 1 or > 1000) throw new UsageException($"--limit {request.PageSize}: must be 1 to 1000");
            Print(context, request, await context.Platform.Jobs.ListEventsAsync(request, PlatformConnection.Promptly(cancellationToken)));
            return ExitCode.Ok;
        });
    }

    private static void Print(CommandContext context, ListEventsRequest request, ListEventsResponse page)
    {
        if (context.Json)
        {
            context.PrintJson(new JsonObject { ["events"] = new JsonArray([.. page.Events.Select(JobJson.Of)]), ["has_more"] = page.HasMore });
            return;
        }
        var table = new Table().Border(TableBorder.Simple).AddColumns("event", "time (UTC)", "what happened");
        foreach (var e in page.Events)
            table.AddRow(new Text(e.Sequence.ToString(CultureInfo.InvariantCulture)), new Text(JobCommands.Time(e.Time)), new Text(WatchText.Of(e) ?? WatchText.OfStep(e.StepTrained)));
        if (page.Events.Count == 0) context.Out.WriteLine("no events");
        else context.Console().Write(table);
        if (page.HasMore) context.Out.WriteLine($"more: rft jobs events {request.JobId} --before {page.Events[^1].Sequence}");
    }
}
