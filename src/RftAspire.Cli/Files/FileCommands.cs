using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Cli.Jobs;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Files;

/// <summary>Datasets and results on the platform.</summary>
public static class FileCommands
{
    public static Command Create(CommandLine cli) => new("files", "Upload datasets, and fetch and delete what the platform keeps.")
    {
        Upload(cli),
        List(cli),
        Download(cli),
        Delete(cli),
    };

    /// <summary>What the checks of an upload thought of it, for people.</summary>
    internal static void PrintWarnings(CommandContext context, StoredFile file)
    {
        foreach (var warning in file.Warnings)
            context.Error.WriteLine($"  warning, {(warning.Line > 0 ? $"line {warning.Line}, " : "")}{warning.Code}: {warning.Message}");
    }

    private static Command Upload(CommandLine cli)
    {
        var path = new Argument<string>("file") { Description = "A file here." };
        var purpose = new Option<string>("--purpose") { HelpName = "PURPOSE", Description = "fine-tune (JSON Lines, checked), evals, user_data, assistants, batch or vision.", DefaultValueFactory = _ => "fine-tune" };
        purpose.CompletionSources.Add("fine-tune", "evals", "user_data", "assistants", "batch", "vision");
        return cli.Handle(new Command("upload", "Upload a file.") { path, purpose }, async (context, cancellationToken) =>
        {
            var file = await context.Client.Files.UploadAsync(context.Surroundings.ExistingFile("file", context.Get(path)), context.Require(purpose), cancellationToken);
            PrintWarnings(context, file);
            if (context.Json) context.PrintJson(Json(file));
            else context.Out.WriteLine(file.Id);
            return ExitCode.Ok;
        });
    }

    private static Command List(CommandLine cli)
    {
        var purpose = new Option<string>("--purpose") { HelpName = "PURPOSE", Description = "Only files of this purpose." };
        return cli.Handle(new Command("list", "List files, newest first.") { purpose }, async (context, cancellationToken) =>
        {
            var files = new List<StoredFile>();
            await foreach (var file in context.Client.Files.ListAsync(context.Get(purpose) ?? "", cancellationToken)) files.Add(file);
            if (context.Json)
            {
                context.PrintJson(new JsonObject { ["files"] = new JsonArray([.. files.Select(Json)]) });
                return ExitCode.Ok;
            }
            var table = new Table().Border(TableBorder.Simple).AddColumns("file", "name", "purpose", "bytes", "rows", "created (UTC)");
            foreach (var file in files)
            {
                var rows = file.Rows > 0 ? file.Rows.ToString(CultureInfo.InvariantCulture) : "-";
                table.AddRow([.. new[] { file.Id, file.Filename, file.Purpose, file.Bytes.ToString("N0", CultureInfo.InvariantCulture), rows, JobCommands.Time(file.CreatedAt) }.Select(Markup.Escape)]);
            }
            if (files.Count == 0) context.Out.WriteLine("no files");
            else context.Console().Write(table);
            return ExitCode.Ok;
        });
    }

    private static Command Download(CommandLine cli)
    {
        var id = Id();
        var output = new Option<string>("--out") { HelpName = "FILE", Description = "Where it goes; a file that exists is not overwritten. [default: standard output]" };
        return cli.Handle(new Command("download", "Fetch a file.") { id, output }, async (context, cancellationToken) =>
        {
            if (context.Get(output) is not { } name)
            {
                await using var standard = Console.OpenStandardOutput();
                await context.Client.Files.DownloadAsync(context.Get(id), standard, cancellationToken);
                return ExitCode.Ok;
            }
            var path = context.Surroundings.FullPath(name);
            if (File.Exists(path)) throw new UsageException($"--out {name}: exists; name a file that does not");
            var partial = $"{path}.{Guid.NewGuid():N}.partial";
            try
            {
                await using (var file = new FileStream(partial, FileMode.CreateNew, FileAccess.Write))
                    await context.Client.Files.DownloadAsync(context.Get(id), file, cancellationToken);
                File.Move(partial, path);
            }
            finally
            {
                File.Delete(partial);
            }
            context.Error.WriteLine($"{context.Get(id)} is in {name}");
            return ExitCode.Ok;
        });
    }

    private static Command Delete(CommandLine cli)
    {
        var id = Id();
        return cli.Handle(new Command("delete", "Delete a file.") { id }, async (context, cancellationToken) =>
        {
            await context.Client.Files.DeleteAsync(context.Get(id), cancellationToken);
            if (context.Json) context.PrintJson(new JsonObject { ["id"] = context.Get(id), ["deleted"] = true });
            else context.Out.WriteLine($"file {context.Get(id)} is deleted");
            return ExitCode.Ok;
        });
    }

    private static Argument<string> Id() => new("id") { Description = "The file's id, as rft files list shows it." };

    private static JsonObject Json(StoredFile file) => new()
    {
        ["id"] = file.Id,
        ["filename"] = file.Filename,
        ["purpose"] = file.Purpose,
        ["bytes"] = file.Bytes,
        ["rows"] = file.Rows,
        ["created_at"] = JobJson.Of(file.CreatedAt),
        ["expires_at"] = JobJson.Of(file.ExpiresAt),
        ["digest"] = file.Digest,
    };
}
