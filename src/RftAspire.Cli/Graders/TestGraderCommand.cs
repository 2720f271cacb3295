using System.CommandLine;
using System.Diagnostics;
using RftAspire.Cli.Evals;
using RftAspire.Cli.Models;
using RftAspire.Contracts;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Grading.Workbench;

namespace RftAspire.Cli.Graders;

public static class TestGraderCommand
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);

    public static Command Create(CommandLine cli)
    {
        var options = new Options();
        var command = new Command("test", "Run a grader over a dataset: spread of its rewards, ungraded answers, agreement with ratings, what fixed answers get, cost. Exits 1 where nothing could be graded.")
        {
            options.Grader,
        };
        foreach (var option in options.All) command.Options.Add(option);
        return cli.Handle(command, (context, cancellationToken) => RunAsync(context, options, cancellationToken));
    }

    private static async Task<int> RunAsync(CommandContext context, Options options, CancellationToken cancellationToken)
    {
        var settings = options.Settings(context);
        var grader = EvalGrader.Read(context, context.Get(options.Grader), "grader");
        var data = EvalData.Read(context, context.Require(options.Data), grader);
        var rows = await AnsweredAsync(context, options, data.Rows, cancellationToken);
        var report = await new GraderTest(grader.Definition, grader.Grader, settings, Progress(context.Error)).RunAsync(rows, cancellationToken);
        if (context.Json) context.PrintJson(GraderCommands.ToJson(report));
        else TestReportText.Print(context.Out, grader.Definition, report);
        return report.Parts.Any(part => part.Count > 0) ? ExitCode.Ok : ExitCode.Failed;
    }

    private static async Task<IReadOnlyList<AnsweredRow>> AnsweredAsync(CommandContext context, Options options, IReadOnlyList<PromptRow> rows, CancellationToken cancellationToken)
    {
        var (file, column, model) = (context.Get(options.Answers), context.Get(options.Column), context.Get(options.Model));
        if (new[] { file, column, model }.Count(source => source is not null) > 1) throw new UsageException("--answers, --column and --model: give one of the three");
        var ratings = context.Get(options.Reference) is { } reference ? RatingColumn.Parse(reference) : null;
        if (ratings is not null && file is null && column is null)
            throw new UsageException("--reference: ratings are of answers that somebody has rated; give these with --answers or --column");
        if (file is not null) return GivenAnswers.Read(context, file, rows, ratings);
        if (column is not null)
        {
            var answers = AnswerColumn.Parse(column);
            return [.. rows.Select(row => new AnsweredRow(row, [new RatedAnswer(answers.Of(row), ratings?.Of(row.Item, $"--data line {row.Line}"))]))];
        }
        return model is null ? [.. rows.Select(row => new AnsweredRow(row, []))] : await SampleAsync(context, options, model, rows, cancellationToken);
    }

    private static async Task<IReadOnlyList<AnsweredRow>> SampleAsync(
        CommandContext context, Options options, string model, IReadOnlyList<PromptRow> rows, CancellationToken cancellationToken)
    {
        var (count, limit) = (RunEvalCommand.AtLeast(options.Samples, 0, context), RunEvalCommand.AtLeast(options.MaxTokens, 1, context));
        var folder = await ModelFolder.FindAsync(context, "--model", model, cancellationToken);
        context.Error.WriteLine($"{folder} answers {rows.Count} rows ...");
        using var answers = ModelAnswers.Load(folder);
        var texts = count == 0
            ? answers.Greedy(rows, limit, cancellationToken)
            : answers.Sampled(rows, count, limit, context.Get(options.Seed), cancellationToken);
        return [.. rows.Zip(texts, (row, given) => new AnsweredRow(row, [.. given.Select(text => new RatedAnswer(text, null))]))];
    }

    // A line every few seconds, so that short tests say nothing.
    private static Action<int, int> Progress(TextWriter writer)
    {
        var (gate, last) = (new Lock(), Stopwatch.GetTimestamp());
        return (done, total) =>
        {
            lock (gate)
            {
                if (Stopwatch.GetElapsedTime(last) < s_pause) return;
                last = Stopwatch.GetTimestamp();
                writer.WriteLine($"graded {done} of {total}");
            }
        };
    }

    private sealed class Options
    {
        public Argument<string> Grader { get; } = GraderCommands.File();
        public Option<string> Data { get; } = new("--data") { Required = true, HelpName = "FILE", Description = "The dataset, a JSON Lines file." };
        public Option<string> Answers { get; } = new("--answers") { HelpName = "FILE", Description = "Answers to test: JSON Lines of {\"line\":3,\"output_text\":\"...\"}, or without lines in the order of the rows." };
        public Option<string> Column { get; } = new("--column") { HelpName = "COL", Description = "Takes them from the rows: a column, or text with columns, such as {\"labels\":{{item.labels}}}." };
        public Option<string> Model { get; } = new("--model") { HelpName = "DIR|NAME", Description = "Has a model give them." };
        public Option<int> Samples { get; } = new("--samples") { HelpName = "K", Description = "With --model, answers a row at temperature 1; 0 takes one greedy answer.", DefaultValueFactory = _ => 0 };
        public Option<int> MaxTokens { get; } = RunEvalCommand.MaxTokens();
        public Option<long> Seed { get; } = RunEvalCommand.Seed();
        public Option<string> Reference { get; } = new("--reference") { HelpName = "COL", Description = "Somebody's ratings of these answers, numbers or true and false: a field of the answer's line, else a column of the row." };
        public Option<double?> PassMark { get; } = new("--pass-mark") { HelpName = "M", Description = "For accuracy and kappa, rewards and ratings from here on are 1, others 0. [default: the nearest whole number]" };
        public Option<double> EmptyMark { get; } = new("--empty-mark") { HelpName = "M", Description = "Warn where the empty answer gets more.", DefaultValueFactory = _ => 0 };
        public Option<int?> ExploitRows { get; } = new("--exploit-rows") { HelpName = "N", Description = "Rows that fixed answers are tried on, evenly spread. [default: 256; 32 where the platform grades]" };
        public Option<int?> Rollouts { get; } = new("--rollouts") { HelpName = "N", Description = "Rollouts a step of the job whose cost is estimated. [default: 256]" };
        public Option<int?> Steps { get; } = new("--steps") { HelpName = "N", Description = "Its steps. [default: 160]" };

        public IEnumerable<Option> All => [Data, Answers, Column, Model, Samples, MaxTokens, Seed, Reference, PassMark, EmptyMark, ExploitRows, Rollouts, Steps];

        public TestOptions Settings(CommandContext context)
        {
            var settings = new TestOptions { Seed = context.Get(Seed), EmptyMark = Finite(EmptyMark, context.Get(EmptyMark)) };
            if (context.Get(PassMark) is { } pass) settings.PassMark = Finite(PassMark, pass);
            if (context.Get(ExploitRows) is { } rows) settings.ExploitRows = AtLeastOne(ExploitRows, rows);
            if (context.Get(Rollouts) is { } rollouts) settings.RolloutsPerStep = AtLeastOne(Rollouts, rollouts);
            if (context.Get(Steps) is { } steps) settings.Steps = AtLeastOne(Steps, steps);
            return settings;
        }

        private static double Finite(Option option, double value) =>
            double.IsFinite(value) ? value : throw new UsageException($"{option.Name} {value}: must be a finite number");

        private static int AtLeastOne(Option option, int value) => value >= 1 ? value : throw new UsageException($"{option.Name} {value}: must be at least 1");
    }
}
