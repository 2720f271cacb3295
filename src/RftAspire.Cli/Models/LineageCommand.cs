using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Google.Protobuf;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Models;

public static class LineageCommand
{
    private static readonly JsonFormatter s_json = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithFormatDefaultValues(true));

    public static Command Create(CommandLine cli)
    {
        var name = new Argument<string>("name") { Description = "A tuned model's or checkpoint's name, as rft models list shows it." };
        return cli.Handle(new Command("lineage", "Show where a model's weights come from: its jobs from the base model on.") { name }, async (context, cancellationToken) =>
        {
            var jobs = new JsonArray();
            await foreach (var entry in context.Client.Jobs.LineageAsync(new() { Model = context.Get(name) }, cancellationToken)) Add(context, jobs, entry);
            if (context.Json) context.PrintJson(new JsonObject { ["jobs"] = jobs });
            else if (jobs.Count == 0) context.Out.WriteLine($"{context.Get(name)} is a base model");
            return ExitCode.Ok;
        });
    }

    private static void Add(CommandContext context, JsonArray jobs, LineageEntry entry)
    {
        if (entry.Job is { } job)
        {
            var shown = JsonNode.Parse(s_json.Format(job))!.AsObject();
            shown["steps"] = new JsonArray();
            jobs.Add(shown);
            if (!context.Json) Print(context.Out, job);
            return;
        }
        if (context.Json) jobs[^1]!["steps"]!.AsArray().Add(JsonNode.Parse(s_json.Format(entry.Step)));
        else Print(context.Out, entry.Step);
    }

    private static void Print(TextWriter writer, LineageJob job)
    {
        writer.WriteLine($"job {job.JobId} from {job.Model}, seed {job.Seed}");
        writer.WriteLine($"  trained on {Text(job.Training)}{(job.Validation is null ? "" : $", validated on {Text(job.Validation)}")}");
        if (job.GraderDigest.Length > 0) writer.WriteLine($"  grader {job.GraderDigest}");
        foreach (var weights in job.Weights) writer.WriteLine($"  step {weights.Step}: {weights.Model}, weights {weights.Digest}");
    }

    private static void Print(TextWriter writer, LineageStep step) => writer.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"  step {step.Step}: {step.Rollouts} rollouts in {step.Groups} groups, {(step.HasMeanReward ? $"reward {step.MeanReward:0.000}" : "no reward")}, {step.RolloutsDigest}"));

    private static string Text(LineageDataset dataset) => $"{dataset.Id} ({dataset.Rows} rows, {(dataset.Digest.Length == 0 ? "deleted" : dataset.Digest)})";
}
