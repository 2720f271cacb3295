using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Training;

namespace RftAspire.Cli.Tuning;

/// <summary>What was learned.</summary>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Losses">Mean loss of each pass in nats a token, the last one perhaps cut short.</param>
/// <param name="Tokens">Tokens of prompts and answers that came by.</param>
internal sealed record TuningResult(int Steps, IReadOnlyList<double> Losses, long Tokens);

/// <summary>One supervised fine-tuning with its progress.</summary>
internal sealed class TuningRun(CommandContext context, Parameters parameters, ThreadTeam team, IReadOnlyList<TrainingGroup> examples)
{
    private static readonly TimeSpan s_reportInterval = TimeSpan.FromSeconds(5);

    public TuningResult Learn(SupervisedSettings settings, long seed, CancellationToken cancellationToken)
    {
        var (losses, tokens) = (new List<List<double>>(), 0L);
        var (total, sinceReport, reported) = (Stopwatch.StartNew(), Stopwatch.StartNew(), 0L);
        foreach (var step in new SupervisedEpochs(parameters, team, settings).Run(examples.Count, (place, _) => examples[place], RandomKey.FromSeed(seed)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!double.IsFinite(step.Loss)) throw new UsageException($"the loss of step {step.Step} is no finite number: lower --learning-rate");
            if (step.Epoch > losses.Count) losses.Add([]);
            losses[^1].Add(step.Loss);
            tokens += step.Tokens;
            if (step.Step != 1 && step.Step != settings.Steps && sinceReport.Elapsed < s_reportInterval) continue;
            var speed = (tokens - reported) / sinceReport.Elapsed.TotalSeconds;
            context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {step.Step}/{settings.Steps}  epoch {step.Epoch}  loss {step.Loss:0.000}  {speed:0} tokens/s  {total.Elapsed:m\\:ss}"));
            (reported, sinceReport) = (tokens, Stopwatch.StartNew());
        }
        return new(settings.Steps, [.. losses.Select(epoch => epoch.Average())], tokens);
    }

    public void Print(TuningResult result, string folder)
    {
        var digest = CheckpointFolder.WeightsDigest(parameters);
        var longest = examples.Max(example => example.Prompt.Length + example.Completions[0].Length);
        if (context.Json) context.PrintJson(new JsonObject
        {
            ["location"] = folder,
            ["examples"] = examples.Count,
            ["longest"] = longest,
            ["steps"] = result.Steps,
            ["losses"] = new JsonArray([.. result.Losses.Select(loss => JsonValue.Create(loss))]),
            ["tokens"] = result.Tokens,
            ["weights_digest"] = digest,
        });
        else
        {
            context.Out.WriteLine($"{folder}: {examples.Count} answers, the longest with its prompt {longest} tokens; {result.Steps} steps, {result.Tokens} tokens");
            context.Out.WriteLine($"loss of each epoch: {string.Join("  ", result.Losses.Select(loss => loss.ToString("0.000", CultureInfo.InvariantCulture)))}");
            context.Out.WriteLine($"weights digest {digest}");
        }
    }
}
