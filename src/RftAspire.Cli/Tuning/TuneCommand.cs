using System.CommandLine;
using System.Globalization;
using RftAspire.Cli.Datasets;
using RftAspire.Cli.Models;
using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Cli.Tuning;

/// <summary>Supervised fine-tuning of a model on conversations, without the platform.</summary>
public static class TuneCommand
{
    private const int DefaultEpochs = 3;

    public static Command Create(CommandLine cli)
    {
        var options = new Options();
        var command = new Command("tune", "Teach a model the answers of a dataset by supervised fine-tuning, for example to warm it up for a job.");
        foreach (var option in options.All) command.Options.Add(option);
        return cli.Handle(command, async (context, cancellationToken) =>
        {
            options.Check(context);
            var output = NewFolder.OfModel(context, "--output", context.Require(options.Output));
            var template = context.Get(options.ChatTemplate) is { } file ? context.Surroundings.ExistingFile("--chat-template", file) : null;
            using var data = CheckDatasetCommand.Open(context, "--data", context.Require(options.Data));
            var model = await ModelFolder.FindAsync(context, "--model", context.Require(options.Model), cancellationToken);
            using var parameters = CheckpointFolder.Load(model);
            var config = parameters.Layout.Config;
            if (!PromptEncoder.Exists(model)) throw new UsageException($"--model {context.Require(options.Model)} has no tokenizer.json, which the rows are read with");
            if (config.EosTokenIds.Count == 0) throw new UsageException($"--model {context.Require(options.Model)}: config.json has no eos_token_id, so no answer would have an end; add the token's id there");
            var examples = TuningExamples.Read(context.Require(options.Data), data, PromptEncoder.Load(model, config, template), config);
            using var team = new ThreadTeam(context.Get(options.Threads));
            var run = new TuningRun(context, parameters, team, examples);
            var result = run.Learn(options.Settings(context, examples.Count), context.Get(options.Seed), cancellationToken);
            CheckpointFolder.Save(output, parameters, DType.F32, model, template);
            run.Print(result, output);
            return ExitCode.Ok;
        });
    }

    private sealed class Options
    {
        public Option<string> Model { get; } = new("--model") { Required = true, HelpName = "DIR|NAME", Description = "A Hugging Face folder, or a model's name; it is only read." };
        public Option<string> Data { get; } = new("--data") { Required = true, HelpName = "FILE", Description = "JSON Lines of {\"messages\": [..., {\"role\": \"assistant\", \"content\": \"...\"}]}; a \"weight\" of 0 leaves an assistant's message unlearned." };
        public Option<string> Output { get; } = new("--output") { Required = true, HelpName = "NAME|DIR", Description = "The new model: a name, kept among the tuned models, or a folder." };
        public Option<string> ChatTemplate { get; } = new("--chat-template") { HelpName = "FILE", Description = "A Jinja chat template that the new model has instead of the old one's." };
        public Option<int?> Epochs { get; } = new("--epochs") { HelpName = "N", Description = $"Passes over the rows. [default: {DefaultEpochs}]" };
        public Option<int?> Steps { get; } = new("--steps") { HelpName = "N", Description = "Optimizer steps, in place of --epochs." };
        public Option<int> BatchSize { get; } = new("--batch-size") { HelpName = "N", Description = "Answers a step.", DefaultValueFactory = _ => 16 };
        public Option<double> LearningRate { get; } = new("--learning-rate") { HelpName = "X", Description = "Peak: it rises over a tenth of the steps, 20 at most, and falls by a half cosine to a tenth.", DefaultValueFactory = _ => 5e-4 };
        public Option<long> Seed { get; } = new("--seed") { HelpName = "N", Description = "Order of the rows; the same seed gives the same weights.", DefaultValueFactory = _ => 0 };
        public Option<int> Threads { get; } = new("--threads") { HelpName = "N", Description = "Threads to compute with; 0 takes one per processor. They do not change the weights." };

        public IEnumerable<Option> All => [Model, Data, Output, ChatTemplate, Epochs, Steps, BatchSize, LearningRate, Seed, Threads];

        public void Check(CommandContext context)
        {
            if (context.Get(Epochs) is not null && context.Get(Steps) is not null) throw new UsageException("give either --epochs N or --steps N");
            foreach (var (option, value) in new[] { ((Option)Epochs, context.Get(Epochs)), (Steps, context.Get(Steps)), (BatchSize, context.Get(BatchSize)) })
                if (value is < 1 or > 1_000_000) throw new UsageException($"{option.Name} {value}: 1 to 1000000 are possible");
            if (context.Get(LearningRate) is not (> 0 and <= 1))
                throw new UsageException($"--learning-rate {context.Get(LearningRate).ToString(CultureInfo.InvariantCulture)}: must be above 0 and at most 1");
            if (context.Get(Threads) is < 0 or > 1024) throw new UsageException($"--threads {context.Get(Threads)}: 0 to 1024 are possible");
        }

        public SupervisedSettings Settings(CommandContext context, int examples)
        {
            var steps = context.Get(Steps) ?? checked((context.Get(Epochs) ?? DefaultEpochs) * SupervisedEpochs.StepsPerEpoch(examples, context.Get(BatchSize)));
            return new()
            {
                Steps = steps,
                BatchSize = context.Get(BatchSize),
                LearningRate = context.Get(LearningRate),
                ScheduledSteps = steps,
                WarmupSteps = Math.Min(20, steps / 10),
            };
        }
    }
}
