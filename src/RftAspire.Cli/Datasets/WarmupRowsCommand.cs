using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts;
using RftAspire.Engine.Numerics;
using RftAspire.Ingestion;

namespace RftAspire.Cli.Datasets;

/// <summary>Makes supervised rows that show the form of an answer and withhold what a job is to teach.</summary>
public static class WarmupRowsCommand
{
    private const string OtherRows = "other-rows", AnyOrder = "any-order";
    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create(CommandLine cli)
    {
        var file = new Argument<string>("file") { Description = "The job's dataset, a JSON Lines file." };
        var answer = new Option<string>("--answer") { Required = true, HelpName = "TEXT", Description = "The form of an answer, with places: '{\"genes\":{{item.genes}}}'. Text goes in as it is, all else as JSON." };
        var values = new Option<string>("--values") { HelpName = $"{OtherRows}|{AnyOrder}", Description = $"{OtherRows}: each answer has the values of another row. {AnyOrder}: those of its own row, arrays in random order.", DefaultValueFactory = _ => OtherRows };
        var copies = new Option<int>("--copies") { HelpName = "N", Description = "How often each row is written, each time with other draws.", DefaultValueFactory = _ => 1 };
        var seed = new Option<long>("--seed") { HelpName = "N", Description = "The same seed gives the same rows.", DefaultValueFactory = _ => 0 };
        var output = new Option<string>("--output") { Required = true, HelpName = "FILE", Description = "Where the rows are written, for models tune --data." };
        values.AcceptOnlyFromAmong(OtherRows, AnyOrder);
        var command = new Command("warmup", "Write rows for models tune that teach the form of an answer and leave the task to a job.") { file, answer, values, copies, seed, output };
        return cli.Handle(command, (context, _) =>
        {
            if (context.Get(copies) is < 1 or > 1000) throw new UsageException($"--copies {context.Get(copies)}: 1 to 1000 are possible");
            var path = context.Surroundings.FullPath(context.Require(output));
            if (Path.Exists(path)) throw new UsageException($"--output {context.Require(output)}: is there already; name a new file");
            var form = new AnswerForm("--answer", context.Require(answer));
            var rows = Read(context, context.Get(file));
            var key = RandomKey.FromSeed(context.Get(seed));
            var answered = Enumerable.Range(0, context.Get(copies)).SelectMany(copy =>
                context.Get(values) == OtherRows ? WithOtherRows(rows, form, key.Derive(copy)) : InAnyOrder(rows, form, key.Derive(copy)));
            ArtifactStore.WriteAtomically(path, stream => Write(stream, answered));
            var count = rows.Count * context.Get(copies);
            if (context.Json) context.PrintJson(new JsonObject { ["location"] = path, ["rows"] = count });
            else context.Out.WriteLine($"{path}: {count} rows");
            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static List<PromptRow> Read(CommandContext context, string file)
    {
        using var stream = CheckDatasetCommand.Open(context, "file", file);
        try
        {
            var rows = DatasetPrompts.Read(stream).ToList();
            return rows.Count > 1 ? rows : throw new UsageException($"file {file}: has {rows.Count} rows; two or more are needed");
        }
        catch (InvalidDataException fault)
        {
            throw new UsageException($"file {file}, {fault.Message}");
        }
    }

    /// <summary>The rows stand in a random circle, and each takes the values of the next: never its own, and each is taken once.</summary>
    private static IEnumerable<(PromptRow Row, string Answer)> WithOtherRows(List<PromptRow> rows, AnswerForm form, RandomKey key)
    {
        var circle = key.Permutation(rows.Count);
        return circle.Select((row, place) => (rows[row], form.Fill(rows[circle[(place + 1) % circle.Length]], order: null)));
    }

    private static IEnumerable<(PromptRow Row, string Answer)> InAnyOrder(List<PromptRow> rows, AnswerForm form, RandomKey key) =>
        rows.Select((row, place) => (row, form.Fill(row, key.Derive(place))));

    private static void Write(Stream stream, IEnumerable<(PromptRow Row, string Answer)> rows)
    {
        foreach (var (row, answer) in rows)
        {
            using (var line = new Utf8JsonWriter(stream, s_json))
            {
                line.WriteStartObject();
                line.WriteStartArray("messages");
                foreach (var message in row.Messages.Append(new PromptMessage("assistant", answer)))
                {
                    line.WriteStartObject();
                    line.WriteString("role", message.Role);
                    line.WriteString("content", message.Content);
                    line.WriteEndObject();
                }
                line.WriteEndArray();
                line.WriteEndObject();
            }
            stream.WriteByte((byte)'\n');
        }
    }
}
