using System.CommandLine;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Jobs;

public static class ShowJobCommand
{
    public static Command Create(CommandLine cli)
    {
        var id = JobCommands.JobId();
        return cli.Handle(new Command("show", "Show a job: its settings, progress, evals and result.") { id }, async (context, cancellationToken) =>
        {
            var jobs = context.Client.Jobs;
            var job = await jobs.GetAsync(context.Get(id), cancellationToken);
            var events = await jobs.RecordedEventsAsync(job.Id, cancellationToken).ToListAsync(cancellationToken);
            var checkpoints = await jobs.ListCheckpointsAsync(job.Id, cancellationToken).ToListAsync(cancellationToken);
            if (context.Json) PrintJson(context, job, events, checkpoints);
            else Print(context, job, events, checkpoints);
            return ExitCode.Ok;
        });
    }

    private static void PrintJson(CommandContext context, Job job, IReadOnlyList<JobEvent> events, IEnumerable<Checkpoint> checkpoints)
    {
        var document = JobJson.Of(job, events);
        document["checkpoints"] = new JsonArray([.. checkpoints.Select(JobJson.Of)]);
        context.PrintJson(document);
    }

    private static void Print(CommandContext context, Job job, IReadOnlyList<JobEvent> events, IReadOnlyCollection<Checkpoint> checkpoints)
    {
        var fields = new Grid().AddColumns(2);
        foreach (var (name, value) in JobJson.Of(job))
            if (value is not null and not JsonObject { Count: 0 }) fields.AddRow(new Markup($"[grey]{name}[/]"), new Text(Plain(value)));
        context.Console().Write(fields);
        foreach (var line in events.Where(e => e.EvalCompleted is not null || e.GraderChecked is not null || e.Note is not null).Select(WatchText.Of)) context.Out.WriteLine(line);
        if (LastStep(events) is { } step) context.Out.WriteLine(step);
        if (GraderCurves.Of(events) is { } curves) context.Console().Write(curves);
        if (ListCheckpointsCommand.Table(checkpoints) is { } table) context.Console().Write(table);
    }

    private static string? LastStep(IReadOnlyList<JobEvent> events)
    {
        var progress = new JobProgress();
        foreach (var e in events) progress.Apply(e);
        return progress.Step == 0 ? null : WatchText.Of(progress);
    }

    private static string Plain(JsonNode value) => value is JsonObject fields
        ? string.Join(", ", fields.Select(field => $"{field.Key} {field.Value}"))
        : value.ToString();
}
