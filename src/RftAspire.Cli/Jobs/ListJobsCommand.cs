using System.CommandLine;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Jobs;

public static class ListJobsCommand
{
    public static Command Create(CommandLine cli)
    {
        var limit = Listing.Limit(20);
        var after = new Option<string>("--after") { HelpName = "ID", Description = "Go on after this job, the last of the page before." };
        var metadata = new Option<string[]>("--metadata") { HelpName = "KEY=VALUE", Description = "Only jobs with this metadata; may be repeated." };
        var bare = new Option<bool>("--without-metadata") { Description = "Only jobs without metadata." };
        return cli.Handle(new Command("list", "List jobs, newest first.") { limit, after, metadata, bare }, async (context, cancellationToken) =>
        {
            var most = Listing.ReadLimit(context, limit);
            var request = new ListJobsRequest { PageSize = Listing.PageSize(most, 100), After = context.Get(after) ?? "", WithoutMetadata = context.Get(bare) };
            foreach (var (key, value) in JobCommands.Pairs("--metadata", context.Get(metadata) ?? [])) request.Metadata[key] = value;
            Print(context, await Listing.OfAsync(context.Client.Jobs.ListAsync(request, cancellationToken), most, cancellationToken));
            return ExitCode.Ok;
        });
    }

    private static void Print(CommandContext context, Listing<Job> page)
    {
        if (context.Json)
        {
            context.PrintJson(new JsonObject { ["jobs"] = new JsonArray([.. page.Items.Select(JobJson.Of)]), ["has_more"] = page.HasMore });
            return;
        }
        var table = new Table().Border(TableBorder.Simple).AddColumns("job", "state", "step", "model", "created (UTC)", "tuned model");
        foreach (var job in page.Items) table.AddRow([.. Cells(job).Select(Markup.Escape)]);
        if (page.Items.Count == 0) context.Out.WriteLine("no jobs");
        else context.Console().Write(table);
        if (page.HasMore) context.Out.WriteLine($"more: rft jobs list --after {page.Items[^1].Id}");
    }

    private static string[] Cells(Job job) =>
    [
        job.Id,
        JobJson.Word(job.State),
        job.TotalSteps == 0 ? "-" : $"{job.Step}/{job.TotalSteps}",
        job.Model,
        JobCommands.Time(job.CreatedAt),
        job.TunedModel,
    ];
}
