using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RftAspire.Cli.Evals;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Grading;
using RftAspire.Grading.Workbench;

namespace RftAspire.Cli.Graders;

public static class RunGraderCommand
{
    public static Command Create(CommandLine cli)
    {
        var file = GraderCommands.File();
        var item = new Option<string>("--item") { HelpName = "JSON", Description = "The dataset row, a JSON object. [default: {}]" };
        var itemFile = new Option<string>("--item-file") { HelpName = "FILE", Description = "The same from a file." };
        var sample = new Option<string>("--sample") { HelpName = "TEXT", Description = "The answer." };
        var sampleFile = new Option<string>("--sample-file") { HelpName = "FILE", Description = "The same from a file, as it is." };
        var command = new Command("run", "Grade one answer: its reward, or why it has none. Exits 1 where it has none.") { file, item, itemFile, sample, sampleFile };
        return cli.Handle(command, async (context, cancellationToken) =>
        {
            var answer = Text(context, sample, sampleFile) ?? throw new UsageException("--sample TEXT or --sample-file FILE is missing; give the answer");
            var row = Row(Text(context, item, itemFile) ?? "{}", context.Get(item) is null ? "--item-file" : "--item");
            var grader = EvalGrader.Read(context, context.Get(file), "grader").Grader;
            var started = Stopwatch.GetTimestamp();
            var result = await grader.GradeAsync(new GradeRequest(row, new Sample(answer)), cancellationToken);
            var run = result.ToMessage(Stopwatch.GetElapsedTime(started).TotalSeconds);
            if (context.Json) context.PrintJson(GraderCommands.ToJson(run));
            else Print(context.Out, run);
            return result is GradeResult.Reward ? ExitCode.Ok : ExitCode.Failed;
        });
    }

    private static string? Text(CommandContext context, Option<string> text, Option<string> file)
    {
        if (context.Get(file) is not { } name) return context.Get(text);
        if (context.Get(text) is not null) throw new UsageException($"{text.Name} and {file.Name}: give one of the two");
        return File.ReadAllText(context.Surroundings.ExistingFile(file.Name, name));
    }

    private static JsonElement Row(string json, string option)
    {
        try
        {
            return TestRows.Read(json, line: 1).Item;
        }
        catch (InvalidDataException e)
        {
            throw new UsageException($"{option}: {e.Message}; write for example {{\"answer\":\"A\"}}");
        }
    }

    private static void Print(TextWriter writer, RunResponse run)
    {
        writer.WriteLine(run.ResultCase == RunResponse.ResultOneofCase.Reward
            ? string.Create(CultureInfo.InvariantCulture, $"reward {run.Reward:0.####}")
            : $"ungraded, {run.Ungraded.Kind}: {run.Ungraded.Message}");
        foreach (var part in run.Parts) writer.WriteLine($"  {part.Name} ({part.Type}): {Line(part)}");
        foreach (var part in run.Parts.Where(part => part.Explanation.Length > 0)) writer.WriteLine($"{part.Name} says: {part.Explanation}");
    }

    private static string Line(GraderPartResult part)
    {
        var result = part.ResultCase == GraderPartResult.ResultOneofCase.Reward
            ? string.Create(CultureInfo.InvariantCulture, $"{part.Reward:0.####}")
            : $"ungraded, {part.Ungraded.Kind}: {part.Ungraded.Message}";
        var tokens = part.PromptTokens + part.CompletionTokens > 0 ? $", {part.PromptTokens} + {part.CompletionTokens} tokens" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{result}{tokens}, {part.Seconds * 1000:0.0} ms");
    }
}
