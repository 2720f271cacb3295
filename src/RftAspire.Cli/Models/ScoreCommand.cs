using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Engine;

namespace RftAspire.Cli.Models;

public static class ScoreCommand
{
    public static Command Create(CommandLine cli)
    {
        var model = new Option<string>("--model") { Required = true, HelpName = "DIR|NAME", Description = "A Hugging Face folder, or a model's name." };
        var ids = new Option<string>("--ids") { Required = true, HelpName = "1,2,3", Description = "The token ids, two or more." };
        return cli.Handle(new Command("score", "Log-probability of each next id, given those before it.") { model, ids }, async (context, cancellationToken) =>
        {
            var parsed = TokenIds.Parse("--ids", context.Require(ids));
            if (parsed.Length < 2) throw new UsageException("--ids: give two ids or more; the first has nothing before it");
            var folder = await ModelFolder.FindAsync(context, "--model", context.Require(model), cancellationToken);
            Print(context, Score(folder, parsed));
            return ExitCode.Ok;
        });
    }

    private static float[] Score(string folder, int[] ids)
    {
        using var model = LanguageModel.Load(folder);
        ModelLimits.CheckVocabulary("--ids", ids, model.Config);
        ModelLimits.CheckLength("--ids", ids.Length, newTokens: 0, model.Config);
        return model.Score(ids);
    }

    private static void Print(CommandContext context, float[] logprobs)
    {
        if (context.Json) context.PrintJson(new JsonObject { ["logprobs"] = new JsonArray([.. logprobs.Select(logprob => JsonValue.Create(logprob))]) });
        else foreach (var logprob in logprobs) context.Out.WriteLine(logprob.ToString("R", CultureInfo.InvariantCulture));
    }
}
