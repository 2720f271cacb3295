using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Cli.Jobs;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Models;

public static class ListModelsCommand
{
    public static Command Create(CommandLine cli) =>
        cli.Handle(new Command("list", "List the platform's base models and the models tuned on it."), async (context, cancellationToken) =>
        {
            var models = await context.Client.Models.ListAsync(cancellationToken).ToListAsync(cancellationToken);
            if (context.Json) context.PrintJson(new JsonObject { ["models"] = new JsonArray([.. models.Select(ToJson)]) });
            else Print(context, models);
            return ExitCode.Ok;
        });

    private static JsonObject ToJson(Model model) => new()
    {
        ["name"] = model.Name,
        ["job_id"] = model.JobId.Length == 0 ? null : model.JobId,
        ["created_at"] = JobJson.Of(model.CreatedAt),
        ["parameters"] = model.Parameters,
        ["location"] = model.Location,
    };

    private static void Print(CommandContext context, List<Model> models)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("model", "parameters", "tuned by", "folder");
        foreach (var model in models)
            table.AddRow([.. new[] { model.Name, model.Parameters.ToString("#,0", CultureInfo.InvariantCulture), model.JobId, model.Location }.Select(Markup.Escape)]);
        if (models.Count == 0) context.Out.WriteLine("no models");
        else context.Console().Write(table);
    }
}
