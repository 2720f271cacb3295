using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Cli.Platform;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Jobs;

public static class ListRolloutsCommand
{
    private const int TextShown = 60;
    // Much may be read before a few are found.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    public static Command Create(CommandLine cli)
    {
        var options = new Options();
        var command = new Command("rollouts", "List the answers that a job learned from, or was evaluated on, with their rewards.") { options.Id };
        foreach (var option in options.All) command.Options.Add(option);
        return cli.Handle(command, async (context, cancellationToken) =>
        {
            var page = await context.Platform.Jobs.ListRolloutsAsync(Request(context, options), PlatformConnection.Within(s_patience, cancellationToken));
            Print(context, page);
            return ExitCode.Ok;
        });
    }

    private static ListRolloutsRequest Request(CommandContext context, Options options)
    {
        var request = new ListRolloutsRequest
        {
            JobId = context.Get(options.Id),
            Purpose = context.Get(options.Purpose) ?? "",
            Grader = context.Get(options.Grader) ?? "",
            Ungraded = context.Get(options.Ungraded),
            PageSize = context.Get(options.Limit),
            PageToken = context.Get(options.Page) ?? "",
        };
        if (request.PageSize is < 1 or > 1000) throw new UsageException($"--limit {request.PageSize}: must be 1 to 1000");
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
        public Option<string> Purpose { get; } = new("--purpose") { HelpName = "PURPOSE", Description = "train, eval_greedy or eval_sampled. [default: train]" };
        public Option<int?> Prompt { get; } = new("--row") { HelpName = "N", Description = "Only answers to this row of the prompts, from 0." };
        public Option<double?> MinReward { get; } = new("--min-reward") { HelpName = "R", Description = "Only rewards of at least R." };
        public Option<double?> MaxReward { get; } = new("--max-reward") { HelpName = "R", Description = "Only rewards of at most R." };
        public Option<string> Grader { get; } = new("--grader") { HelpName = "NAME", Description = "Rewards are those of this single grader." };
        public Option<bool> Ungraded { get; } = new("--ungraded") { Description = "Only answers without a reward." };
        public Option<int> Limit { get; } = new("--limit") { HelpName = "N", Description = "At most so many, 1 to 1000.", DefaultValueFactory = _ => 20 };
        public Option<string> Page { get; } = new("--page") { HelpName = "TOKEN", Description = "Go on with this page." };

        public IEnumerable<Option> All => [Step, Purpose, Prompt, MinReward, MaxReward, Grader, Ungraded, Limit, Page];
    }
}
