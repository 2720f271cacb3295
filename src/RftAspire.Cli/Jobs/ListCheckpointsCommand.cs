using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Cli.Platform;
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
        var limit = new Option<int>("--limit") { HelpName = "N", Description = "At most so many, 1 to 100.", DefaultValueFactory = _ => 10 };
        var after = new Option<string>("--after") { HelpName = "ID", Description = "Go on after this checkpoint, the last of the page before." };
        return cli.Handle(new Command("checkpoints", "List the checkpoints of a job that can be used as models, newest first.") { id, limit, after }, async (context, cancellationToken) =>
        {
            var request = new ListCheckpointsRequest { JobId = context.Get(id), PageSize = context.Get(limit), After = context.Get(after) ?? "" };
            if (request.PageSize is < 1 or > 100) throw new UsageException($"--limit {request.PageSize}: must be 1 to 100");
            Print(context, request, await context.Platform.Jobs.ListCheckpointsAsync(request, PlatformConnection.Promptly(cancellationToken)));
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

    private static void Print(CommandContext context, ListCheckpointsRequest request, ListCheckpointsResponse page)
    {
        if (context.Json)
        {
            context.PrintJson(new JsonObject { ["checkpoints"] = new JsonArray([.. page.Checkpoints.Select(JobJson.Of)]), ["has_more"] = page.HasMore });
            return;
        }
        if (Table(page.Checkpoints) is { } table) context.Console().Write(table);
        else context.Out.WriteLine("no checkpoints");
        if (page.HasMore) context.Out.WriteLine($"more: rft jobs checkpoints {request.JobId} --after {page.Checkpoints[^1].Id}");
    }

    private static string Measured(Checkpoint checkpoint)
    {
        var (metric, label) = Array.Find(s_measures, measure => checkpoint.Metrics.ContainsKey(measure.Metric));
        return metric is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{label} {checkpoint.Metrics[metric]:0.000}");
    }
}
