using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Jobs;

public static class ListRolloutsCommand
{
    private const int TextShown = 60;
    private const int LongestPage = 1000;

    public static Command Create(CommandLine cli)
    {
        var options = new Options();
        var command = new Command("rollouts", "List the answers that a job learned from, or was evaluated on, with their rewards.") { options.Id };
        foreach (var option in options.All) command.Options.Add(option);
        return cli.Handle(command, async (context, cancellationToken) =>
        {
            Print(context, await FindAsync(context, Request(context, options), Listing.ReadLimit(context, options.Limit), cancellationToken));
            return ExitCode.Ok;
        });
    }

    // Page by page, since the next page's token is part of the answer.
    private static async Task<ListRolloutsResponse> FindAsync(CommandContext context, ListRolloutsRequest request, int limit, CancellationToken cancellationToken)
    {
        var found = new ListRolloutsResponse();
        do
        {
            request.PageSize = Math.Min(limit - found.Rollouts.Count, LongestPage);
            var page = await context.Client.Jobs.PageOfRolloutsAsync(request, cancellationToken);
            found.Rollouts.Add(page.Rollouts);
            request.PageToken = found.NextPageToken = page.NextPageToken;
        }
        while (found.NextPageToken.Length > 0 && found.Rollouts.Count < limit);
        return found;
    }

    private static ListRolloutsRequest Request(CommandContext context, Options options)
    {
        var request = new ListRolloutsRequest
        {
            JobId = context.Get(options.Id),
            Purpose = context.Get(options.Purpose) ?? "",
            Grader = context.Get(options.Grader) ?? "",
            Ungraded = context.Get(options.Ungraded),
            PageToken = context.Get(options.Page) ?? "",
        };
        if (context.Get(options.Step) is { } step) request.Step = step;
        if (context.Get(options.Prompt) is { } prompt) request.PromptIndex = prompt;
        if (context.Get(options.MinReward) is { } least) request.MinReward = least;
        if (context.Get(options.MaxReward) is { } most) request.MaxReward = most;
        return request;
    }

    private static void Print(CommandContext context, ListRolloutsResponse page)
    {
        if (context.Json)
        {
            context.PrintJson(new JsonObject
            {
                ["rollouts"] = new JsonArray([.. page.Rollouts.Select(RolloutJson.Of)]),
                ["next_page_token"] = page.NextPageToken.Length == 0 ? null : page.NextPageToken,
            });
            return;
        }
        var table = new Table().Border(TableBorder.Simple).AddColumns("step", "group", "row", "reward", "end", "tokens", "prompt", "completion");
        foreach (var rollout in page.Rollouts) table.AddRow(Cells(rollout).Select(cell => new Text(cell)));
        if (page.Rollouts.Count == 0) context.Out.WriteLine("no rollouts");
        else context.Console().Write(table);
        if (page.NextPageToken.Length > 0) context.Out.WriteLine($"more: the same with --page {page.NextPageToken}");
    }

    private static string[] Cells(Rollout rollout) =>
    [
        Number(rollout.Step),
        string.Create(CultureInfo.InvariantCulture, $"{rollout.Group}.{rollout.Index}"),
        Number(rollout.PromptIndex),
        rollout.HasReward ? rollout.Reward.ToString("0.000", CultureInfo.InvariantCulture) : rollout.Ungraded?.Kind ?? "ungraded",
        rollout.FinishReason,
        Number(rollout.CompletionTokens),
        Short(rollout.Prompt),
        Short(rollout.Completion),
    ];

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Short(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= TextShown ? line : line[..(TextShown - 3)] + "...";
    }

    private sealed class Options
    {
        public Argument<string> Id { get; } = JobCommands.JobId();
        public Option<int?> Step { get; } = new("--step") { HelpName = "N", Description = "Only this step; for evals, this weights version." };
        public Option<string> Purpose { get; } = new("--purpose") { HelpName = "PURPOSE", Description = "train, eval_greedy or eval_sampled. [default: train]", CompletionSources = { "train", "eval_greedy", "eval_sampled" } };
        public Option<int?> Prompt { get; } = new("--row") { HelpName = "N", Description = "Only answers to this row of the prompts, from 0." };
        public Option<double?> MinReward { get; } = new("--min-reward") { HelpName = "R", Description = "Only rewards of at least R." };
        public Option<double?> MaxReward { get; } = new("--max-reward") { HelpName = "R", Description = "Only rewards of at most R." };
        public Option<string> Grader { get; } = new("--grader") { HelpName = "NAME", Description = "Rewards are those of this single grader." };
        public Option<bool> Ungraded { get; } = new("--ungraded") { Description = "Only answers without a reward." };
        public Option<int> Limit { get; } = Listing.Limit(20);
        public Option<string> Page { get; } = new("--page") { HelpName = "TOKEN", Description = "Go on with this page." };

        public IEnumerable<Option> All => [Step, Purpose, Prompt, MinReward, MaxReward, Grader, Ungraded, Limit, Page];
    }
}
