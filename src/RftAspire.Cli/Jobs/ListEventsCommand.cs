using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Jobs;

public static class ListEventsCommand
{
    public static Command Create(CommandLine cli)
    {
        var id = JobCommands.JobId();
        var limit = Listing.Limit(20);
        var before = new Option<long>("--before") { HelpName = "SEQUENCE", Description = "Go on before this event, the last of the page before." };
        return cli.Handle(new Command("events", "List what happened to a job, newest first.") { id, limit, before }, async (context, cancellationToken) =>
        {
            var most = Listing.ReadLimit(context, limit);
            var request = new ListEventsRequest { JobId = context.Get(id), PageSize = Listing.PageSize(most, 1000), BeforeSequence = context.Get(before) };
            Print(context, request, await Listing.OfAsync(context.Client.Jobs.ListEventsAsync(request, cancellationToken), most, cancellationToken));
            return ExitCode.Ok;
        });
    }

    private static void Print(CommandContext context, ListEventsRequest request, Listing<JobEvent> page)
    {
        if (context.Json)
        {
            context.PrintJson(new JsonObject { ["events"] = new JsonArray([.. page.Items.Select(JobJson.Of)]), ["has_more"] = page.HasMore });
            return;
        }
        var table = new Table().Border(TableBorder.Simple).AddColumns("event", "time (UTC)", "what happened");
        foreach (var e in page.Items)
            table.AddRow(new Text(e.Sequence.ToString(CultureInfo.InvariantCulture)), new Text(JobCommands.Time(e.Time)), new Text(WatchText.Of(e) ?? WatchText.OfStep(e.StepTrained)));
        if (page.Items.Count == 0) context.Out.WriteLine("no events");
        else context.Console().Write(table);
        if (page.HasMore) context.Out.WriteLine($"more: rft jobs events {request.JobId} --before {page.Items[^1].Sequence}");
    }
}
