using System.CommandLine;
using RftAspire.Cli.Models;

namespace RftAspire.Cli.Evals;

public static class CompareCommand
{
    public static Command Create(CommandLine cli)
    {
        var options = new Options();
        var command = new Command("compare", "A tuned model beside its base: scores before and after, the gain, and example answers.");
        foreach (var option in options.All) command.Options.Add(option);
        return cli.Handle(command, (context, cancellationToken) => RunAsync(context, options, cancellationToken));
    }

    private static async Task<int> RunAsync(CommandContext context, Options options, CancellationToken cancellationToken)
    {
        var setup = new ComparisonSetup(
            Samples: RunEvalCommand.AtLeast(options.Samples, 0, context),
            MaxTokens: RunEvalCommand.AtLeast(options.MaxTokens, 1, context),
            Seed: context.Get(options.Seed));
        var examples = RunEvalCommand.AtLeast(options.Examples, 0, context);
        var grader = EvalGrader.Read(context, context.Require(options.Grader));
        var data = context.Require(options.Data).Select(file => EvalData.Read(context, file, grader)).ToList();
        var baseFolder = await ModelFolder.FindAsync(context, "--base", context.Require(options.Base), cancellationToken);
        var tunedFolder = await ModelFolder.FindAsync(context, "--tuned", context.Require(options.Tuned), cancellationToken);
        var comparisons = await Comparison.OfAsync(data, grader, setup,
            Answers(context, baseFolder, setup, cancellationToken), Answers(context, tunedFolder, setup, cancellationToken), cancellationToken);
        if (context.Json) context.PrintJson(CompareJson.Of(comparisons, grader, examples));
        else CompareTable.Print(context.Console(), comparisons, grader, examples);
        return ExitCode.Ok;
    }

    // One model in memory at a time.
    private static AnswerData Answers(CommandContext context, string folder, ComparisonSetup setup, CancellationToken cancellationToken) => data =>
    {
        context.Error.WriteLine($"evaluating {folder} ...");
        using var model = ModelAnswers.Load(folder);
        return [.. data.Select(file => new ModeAnswers(
            model.Greedy(file.Rows, setup.MaxTokens, cancellationToken),
            setup.Samples == 0 ? null : model.Sampled(file.Rows, setup.Samples, setup.MaxTokens, setup.Seed, cancellationToken)))];
    };

    private sealed class Options
    {
        public Option<string> Base { get; } = new("--base") { Required = true, HelpName = "DIR|NAME", Description = "The model before." };
        public Option<string> Tuned { get; } = new("--tuned") { Required = true, HelpName = "DIR|NAME", Description = "The model after." };
        public Option<string[]> Data { get; } = new("--data") { Required = true, HelpName = "FILE[=LABEL]", Description = "A dataset; may be repeated. Examples come from the last one." };
        public Option<string> Grader { get; } = new("--grader") { Required = true, HelpName = "FILE", Description = "The grader, a JSON file." };
        public Option<int> Samples { get; } = new("--samples") { HelpName = "K", Description = "Answers a row at temperature 1, beside the greedy one; 0 skips them.", DefaultValueFactory = _ => 4 };
        public Option<int> Examples { get; } = new("--examples") { HelpName = "N", Description = "Rows whose greedy answers are shown.", DefaultValueFactory = _ => 3 };
        public Option<int> MaxTokens { get; } = RunEvalCommand.MaxTokens();
        public Option<long> Seed { get; } = RunEvalCommand.Seed();

        public IEnumerable<Option> All => [Base, Tuned, Data, Grader, Samples, Examples, MaxTokens, Seed];
    }
}
