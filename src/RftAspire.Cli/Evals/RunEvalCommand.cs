using System.CommandLine;
using RftAspire.Cli.Models;
using RftAspire.Contracts;
using RftAspire.Grading;

namespace RftAspire.Cli.Evals;

public static class RunEvalCommand
{
    public static Command Create(CommandLine cli)
    {
        var model = new Option<string>("--model") { Required = true, HelpName = "DIR|NAME", Description = "A Hugging Face folder, or a model's name." };
        var data = new Option<string>("--data") { Required = true, HelpName = "FILE", Description = "The dataset, a JSON Lines file." };
        var grader = new Option<string>("--grader") { Required = true, HelpName = "FILE", Description = "The grader, a JSON file." };
        var samples = new Option<int>("--samples") { HelpName = "K", Description = "Answers a row at temperature 1; 0 takes one greedy answer.", DefaultValueFactory = _ => 0 };
        var (maxTokens, seed) = (MaxTokens(), Seed());
        var command = new Command("run", "Mean score of a model on a dataset, with a 95 % interval and the best constant answer beside it.")
        {
            model, data, grader, samples, maxTokens, seed,
        };
        return cli.Handle(command, async (context, cancellationToken) =>
        {
            var (count, limit) = (AtLeast(samples, 0, context), AtLeast(maxTokens, 1, context));
            var judge = EvalGrader.Read(context, context.Require(grader));
            var rows = EvalData.Read(context, context.Require(data), judge);
            var folder = await ModelFolder.FindAsync(context, "--model", context.Require(model), cancellationToken);
            using var answers = ModelAnswers.Load(folder);
            var texts = count == 0
                ? answers.Greedy(rows.Rows, limit, cancellationToken)
                : answers.Sampled(rows.Rows, count, limit, context.Get(seed), cancellationToken);
            var constant = await EvalStatistics.BestConstantAnswerAsync(judge.Grader, rows.Items, cancellationToken);
            EvalReport.Print(context, await Evaluation.OfAsync(rows.Rows, texts, judge.Grader, cancellationToken), constant, count, context.Get(seed));
            return ExitCode.Ok;
        });
    }

    public static Option<int> MaxTokens() => new("--max-tokens")
    {
        HelpName = "N",
        Description = "Tokens of one answer at most.",
        DefaultValueFactory = _ => new Hyperparameters().MaxCompletionTokens,
    };

    public static Option<long> Seed() => new("--seed") { HelpName = "N", Description = "Seed of the samples and of the intervals.", DefaultValueFactory = _ => 0 };

    public static int AtLeast(Option<int> option, int least, CommandContext context) =>
        context.Get(option) is var value && value >= least ? value : throw new UsageException($"{option.Name} {value}: must be at least {least}");
}
