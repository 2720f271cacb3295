using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Jobs;

public static class ListCheckpointsCommand
{
    // The first that a checkpoint has says most about it.
    private static readonly (string Metric, string Label)[] s_measures =
        [("reward/sampled", "sampled"), ("reward/greedy", "greedy"), ("reward/mean", "training reward"), ("loss/valid", "validation loss"), ("loss/train", "training loss")];

    public static Command Create(CommandLine cli)
    {
        var id = JobCommands.JobId();
        var limit = Listing.Limit(10);
        var after = new Option<string>("--after") { HelpName = "ID", Description = "Go on after this checkpoint, the last of the page before." };
        return cli.Handle(new Command("checkpoints", "List the checkpoints of a job that can be used as models, newest first.") { id, limit, after }, async (context, cancellationToken) =>
        {
            var most = Listing.ReadLimit(context, limit);
            var request = new ListCheckpointsRequest { JobId = context.Get(id), PageSize = Listing.PageSize(most, 100), After = context.Get(after) ?? "" };
            Print(context, request, await Listing.OfAsync(context.Client.Jobs.ListCheckpointsAsync(request, cancellationToken), most, cancellationToken));
            return ExitCode.Ok;
        });
    }

    /// <summary>One row a checkpoint; null for none.</summary>
    public static Table? Table(IReadOnlyCollection<Checkpoint> checkpoints)
    {
        if (checkpoints.Count == 0) return null;
        var table = new Table().Border(TableBorder.Simple).AddColumns("step", "model", "measured", "created (UTC)");
        foreach (var checkpoint in checkpoints)
            table.AddRow(new Text(checkpoint.Step.ToString(CultureInfo.InvariantCulture)), new Text(checkpoint.Model), new Text(Measured(checkpoint)), new Text(JobCommands.Time(checkpoint.CreatedAt)));
        return table;
    }

    private static void Print(CommandContext context, ListCheckpointsRequest request, Listing<Checkpoint> page)
    {
        if (context.Json)
        {
            context.PrintJson(new JsonObject { ["checkpoints"] = new JsonArray([.. page.Items.Select(JobJson.Of)]), ["has_more"] = page.HasMore });
            return;
        }
        if (Table(page.Items) is { } table) context.Console().Write(table);
        else context.Out.WriteLine("no checkpoints");
        if (page.HasMore) context.Out.WriteLine($"more: rft jobs checkpoints {request.JobId} --after {page.Items[^1].Id}");
    }

    private static string Measured(Checkpoint checkpoint)
    {
        var (metric, label) = Array.Find(s_measures, measure => checkpoint.Metrics.ContainsKey(measure.Metric));
        return metric is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{label} {checkpoint.Metrics[metric]:0.000}");
    }
}
