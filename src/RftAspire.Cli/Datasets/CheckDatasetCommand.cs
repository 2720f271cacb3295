using System.CommandLine;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;
using RftAspire.Ingestion;

namespace RftAspire.Cli.Datasets;

public static class CheckDatasetCommand
{
    public static Command Create(CommandLine cli)
    {
        var file = new Argument<string>("file") { Description = "The dataset, a JSON Lines file." };
        var valid = new Option<string>("--valid") { HelpName = "FILE", Description = "A validation file, checked as well and for prompts of the first." };
        var grader = new Option<string>("--grader") { HelpName = "FILE", Description = "A grader, whose columns every row must have." };
        var command = new Command("check", "Judge a dataset: accept, warn or reject, with line and reason. Exits 1 on reject.") { file, valid, grader };
        return cli.Handle(command, (context, _) =>
        {
            var options = context.Get(grader) is { } graderFile
                ? new DatasetCheckOptions { Columns = [.. GraderDefinition.Parse(GraderFile.Read(context, graderFile)).Columns] }
                : null;
            using var dataset = Open(context, "file", context.Get(file));
            using var validation = context.Get(valid) is { } validFile ? Open(context, "--valid", validFile) : null;
            return Task.FromResult(Print(context, options is null ? DatasetChecker.CheckEither(dataset, validation) : DatasetChecker.Check(dataset, validation, options)));
        });
    }

    public static FileStream Open(CommandContext context, string option, string file) => File.OpenRead(context.Surroundings.ExistingFile(option, file));

    public static string Line(DatasetFinding finding) =>
        $"{(finding.Line is { } line ? $"line {line}, " : "")}{finding.Code}: {finding.Message}";

    private static int Print(CommandContext context, DatasetReport report)
    {
        if (context.Json) context.PrintJson(ToJson(report));
        else PrintText(context.Out, report);
        return report.Verdict == DatasetVerdict.Reject ? ExitCode.Failed : ExitCode.Ok;
    }

    public static JsonObject ToJson(DatasetReport report) => new()
    {
        ["verdict"] = Word(report.Verdict),
        ["findings"] = new JsonArray([.. report.Findings.Select(finding => new JsonObject
        {
            ["line"] = finding.Line,
            ["code"] = finding.Code,
            ["message"] = finding.Message,
        })]),
        ["omitted"] = report.Omitted,
        ["rows"] = report.Rows,
        ["validation_rows"] = report.ValidationRows,
    };

    public static void PrintText(TextWriter writer, DatasetReport report)
    {
        var validation = report.ValidationRows > 0 ? $", {report.ValidationRows} sound validation rows" : "";
        writer.WriteLine($"{Word(report.Verdict)}: {report.Rows} sound rows{validation}");
        foreach (var finding in report.Findings) writer.WriteLine($"  {Line(finding)}");
        if (report.Omitted > 0) writer.WriteLine($"  and {report.Omitted} more");
    }

    private static string Word(DatasetVerdict verdict) => verdict.ToString().ToLowerInvariant();
}
