using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace RftAspire.Cli.Models;

/// <summary>Models of the platform: fetch one, delete one.</summary>
public static class StoredModelCommands
{
    private sealed class Bytes(TextWriter writer) : IProgress<long>
    {
        public void Report(long value) => writer.Write(string.Create(CultureInfo.InvariantCulture, $"\r{value / 1e6:F1} MB"));
    }

    public static Command Pull(CommandLine cli)
    {
        var name = Name();
        var output = new Option<string>("--out") { HelpName = "FOLDER", Description = "A folder that does not exist yet. [default: the model's name here]" };
        var command = new Command("pull", "Fetch a model from the platform as a Hugging Face folder.") { name, output };
        command.Aliases.Add("export");
        return cli.Handle(command, async (context, cancellationToken) =>
        {
            // A colon is no part of a folder's name everywhere.
            var folder = context.Surroundings.FullPath(context.Get(output) ?? context.Get(name).Replace(':', '='));
            await context.Client.Models.ExportAsync(context.Get(name), folder, context.Surroundings.IsTerminal && !context.Json ? new Bytes(context.Error) : null, cancellationToken);
            if (context.Surroundings.IsTerminal && !context.Json) context.Error.WriteLine();
            if (context.Json) context.PrintJson(new JsonObject { ["model"] = context.Get(name), ["folder"] = folder });
            else context.Out.WriteLine(folder);
            return ExitCode.Ok;
        });
    }

    public static Command Delete(CommandLine cli)
    {
        var name = Name();
        return cli.Handle(new Command("delete", "Delete a tuned model or checkpoint from the platform.") { name }, async (context, cancellationToken) =>
        {
            await context.Client.Models.DeleteAsync(context.Get(name), cancellationToken);
            if (context.Json) context.PrintJson(new JsonObject { ["model"] = context.Get(name), ["deleted"] = true });
            else context.Out.WriteLine($"model {context.Get(name)} is deleted");
            return ExitCode.Ok;
        });
    }

    private static Argument<string> Name() => new("name") { Description = "The model's name, as rft models list shows it." };
}
