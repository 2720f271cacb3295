using System.CommandLine;
using System.Text.Json.Nodes;
using RftAspire.Cli.Datasets;
using RftAspire.Cli.Evals;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Grading.Workbench;
using RftAspire.Ingestion;

namespace RftAspire.Cli.Graders;

public static class ValidateGraderCommand
{
    public static Command Create(CommandLine cli)
    {
        var file = GraderCommands.File();
        var data = new Option<string>("--data") { HelpName = "FILE", Description = "A dataset, whose rows must have the columns that the grader reads. Exits 1 where it is rejected." };
        var command = new Command("validate", "Check a grader's definition; print it with its defaults, and what it reads of a row.") { file, data };
        return cli.Handle(command, async (context, cancellationToken) =>
        {
            var definition = GraderDefinition.Parse(GraderFile.Read(context, context.Get(file), "grader"));
            if (!definition.NeedsPlatform) await EvalGrader.Graders(context).CheckAsync(definition, cancellationToken);
            var report = context.Get(data) is { } name ? Check(context, name, definition) : null;
            Print(context, GraderSummary.Of(definition), report);
            return report?.Verdict == DatasetVerdict.Reject ? ExitCode.Failed : ExitCode.Ok;
        });
    }

    private static DatasetReport Check(CommandContext context, string file, GraderDefinition definition)
    {
        using var dataset = CheckDatasetCommand.Open(context, "--data", file);
        return DatasetChecker.Check(dataset, options: new DatasetCheckOptions { Columns = [.. definition.Columns] });
    }

    private static void Print(CommandContext context, ValidateResponse grader, DatasetReport? report)
    {
        if (context.Json)
        {
            var document = GraderCommands.ToJson(grader);
            document.Remove("grader_json");
            document.Insert(0, "grader", JsonNode.Parse(grader.GraderJson));
            document["data"] = report is null ? null : CheckDatasetCommand.ToJson(report);
            context.PrintJson(document);
            return;
        }
        context.Out.WriteLine($"{grader.Name} ({grader.Type}) is sound{(grader.NeedsPlatform ? "; it runs on the platform" : "")}");
        context.Out.WriteLine($"  {grader.GraderJson}");
        context.Out.WriteLine($"  digest {grader.Digest}");
        foreach (var column in grader.Columns) context.Out.WriteLine($"  reads item.{column.Path}{(column.Kind == "value" ? "" : $", {column.Kind}")}");
        if (report is not null) CheckDatasetCommand.PrintText(context.Out, report);
    }
}
