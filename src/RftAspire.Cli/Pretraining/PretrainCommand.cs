using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts;
using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Tokenization;
using RftAspire.Ingestion;

namespace RftAspire.Cli.Pretraining;

/// <summary>Makes the base model: tokenizer, language pre-training, answer warm-up.</summary>
public static class PretrainCommand
{
    private const string ChatTemplate =
        "{%- set text = messages[-1].content.split('Title of the act: ')[-1] -%}"
        + "{{ bos_token }}Title: {{ text.split('\\n\\n')[0].replace('\\n', ' ') | trim }}{{ '\\nDomains:\\n' }}";

    public static Command Create(CommandLine cli)
    {
        var text = new Option<FileInfo>("--text") { Required = true, HelpName = "FILE", Description = "JSON Lines of {\"celex\", \"text\"}, plain or .gz: what the language is learned from." };
        var answers = new Option<FileInfo[]>("--answers") { HelpName = "FILE", Description = "Datasets with a 'labels' column for the warm-up; may be repeated.", DefaultValueFactory = _ => [] };
        var output = new Option<DirectoryInfo>("--out") { Required = true, HelpName = "DIR", Description = "Where the model is written as a Hugging Face folder." };
        var language = new Option<DirectoryInfo?>("--language") { HelpName = "DIR", Description = "Take the language model of this folder (an earlier run's DIR/language) and only warm it up." };
        var steps = new Option<int>("--steps") { Description = "Pre-training steps of 2,048 tokens.", DefaultValueFactory = _ => new BaseModelRecipe().PretrainingSteps };
        var epochs = new Option<int>("--warmup-epochs") { Description = "Passes over the answers.", DefaultValueFactory = _ => new BaseModelRecipe().WarmupEpochs };
        var whole = new Option<double>("--whole-answers") { HelpName = "SHARE", Description = "How often a row shows all its labels in the warm-up rather than a random part of them.", DefaultValueFactory = _ => new BaseModelRecipe().WholeAnswerShare };
        var seed = new Option<long>("--seed") { Description = "The same data and seed give the same weights.", DefaultValueFactory = _ => new BaseModelRecipe().Seed };
        return cli.Handle(new Command("pretrain", "Make a base model from text and labelled titles.") { text, answers, output, language, steps, epochs, whole, seed }, (context, cancellation) =>
        {
            var recipe = new BaseModelRecipe { PretrainingSteps = context.Get(steps), WarmupEpochs = context.Get(epochs), WholeAnswerShare = context.Get(whole), Seed = context.Get(seed) };
            var run = new PretrainRun(context, recipe, context.Require(output).FullName);
            run.Make(context.Require(text).FullName, context.Get(language)?.FullName, [.. context.Get(answers)!.Select(file => file.FullName)], cancellation);
            return Task.FromResult(ExitCode.Ok);
        });
    }

    private sealed class PretrainRun(CommandContext context, BaseModelRecipe recipe, string output)
    {
        private readonly RandomKey _key = RandomKey.FromSeed(recipe.Seed);

        public void Make(string text, string? languageFolder, string[] answers, CancellationToken cancellation)
        {
            var rows = answers.SelectMany(ReadAnswers).ToList();
            using var team = new ThreadTeam();
            var language = languageFolder ?? Path.Combine(output, "language");
            if (languageFolder is null) LearnLanguage(LegalText.Read(text), language, team, cancellation);
            using var parameters = CheckpointFolder.Load(language);
            var epoch = 0;
            foreach (var loss in new AnswerWarmup(recipe, PromptEncoder.Load(language, parameters.Layout.Config), rows, parameters, team).Run(_key.Derive(2)))
            {
                cancellation.ThrowIfCancellationRequested();
                Report(new JsonObject { ["epoch"] = ++epoch, ["loss"] = loss });
            }
            CheckpointFolder.Save(Path.Combine(output, "base"), parameters, DType.BF16, language);
            Report(new JsonObject { ["base"] = Path.Combine(output, "base"), ["parameters"] = parameters.Layout.Length });
        }

        private void LearnLanguage(List<Act> acts, string folder, ThreadTeam team, CancellationToken cancellation)
        {
            var tokenizer = BpeTrainer.Train(acts.Select(act => act.Text), recipe.Vocabulary, BaseModelRecipe.SpecialTokens, AnswerFormat.BoostedWords());
            var tokenizerFolder = Path.Combine(output, "tokenizer");
            WriteTokenizer(tokenizer, tokenizerFolder);
            using var parameters = Parameters.Random(recipe.Model, _key.Derive(0));
            foreach (var progress in new LanguagePretraining(recipe, tokenizer, acts, parameters, team).Run(_key.Derive(1)))
            {
                cancellation.ThrowIfCancellationRequested();
                Report(new JsonObject { ["step"] = progress.Step, ["loss"] = progress.Loss, ["held_out_loss"] = progress.HeldOutLoss, ["tokens_per_second"] = progress.TokensPerSecond });
            }
            CheckpointFolder.Save(folder, parameters, DType.F32, tokenizerFolder);
        }

        private static void WriteTokenizer(BpeTokenizer tokenizer, string folder)
        {
            Directory.CreateDirectory(folder);
            tokenizer.Save(folder);
            var config = new JsonObject { ["bos_token"] = "<bos>", ["eos_token"] = "<eos>", ["pad_token"] = "<pad>", ["chat_template"] = ChatTemplate };
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        }

        private static List<PromptRow> ReadAnswers(string path)
        {
            using var file = File.OpenRead(path);
            var rows = DatasetPrompts.Read(file).ToList();
            var unlabelled = rows.Find(row => !row.Item.TryGetProperty("labels", out var labels) || labels.ValueKind != JsonValueKind.Array);
            return unlabelled is null ? rows : throw new UsageException($"--answers: {path} line {unlabelled.Line} has no array 'labels'");
        }

        private void Report(JsonObject line)
        {
            if (context.Json) context.PrintJson(line);
            else context.Out.WriteLine(string.Join("  ", line.Select(pair => $"{pair.Key} {pair.Value}")));
        }
    }
}
