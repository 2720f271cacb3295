using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Metrics;

/// <summary>A job's metrics as OpenAI shows them: in the <c>data</c> and the text of a metrics event, and of a checkpoint.</summary>
public sealed class MetricsView(Job job)
{
    private readonly bool _isSupervised = job.Method == JobMethod.Supervised;
    private readonly IReadOnlyList<GraderDefinition> _graders = GradersOf(job);

    /// <summary>The single graders of a job, none where its method has no rewards.</summary>
    public static IReadOnlyList<GraderDefinition> GradersOf(Job job) =>
        job.GraderJson.Length == 0 ? [] : [.. GraderDefinition.Parse(job.GraderJson).Leaves];

    /// <summary>The <c>data</c> of a step's event, of its eval's, or of both together.</summary>
    public JsonObject Data(StepTrained? step, EvalCompleted? eval)
    {
        var (train, valid) = (new MetricMap(step?.Metrics), new MetricMap(eval?.Metrics));
        var data = Flat(step?.Step ?? eval?.Step ?? 0, train, valid);
        data.Insert(1, "total_steps", step?.TotalSteps ?? job.TotalSteps);
        if (_isSupervised)
        {
            data["timing"] = new JsonObject { ["step"] = StepTiming(train, valid) };
            return data;
        }
        data["scores"] = With(new JsonObject
        {
            ["graders"] = Graders(grader => With(
                Named(grader), ("train_reward_mean", train.OfGrader(grader.Name, "reward")), ("valid_reward_mean", valid.ValidationRewardOf(grader.Name)))),
        }, ("train_reward_mean", train.Reward), ("valid_reward_mean", valid.ValidationReward));
        data["usage"] = GraderUsage.Usage(_graders, train, valid);
        data["errors"] = new JsonObject { ["graders"] = Graders(grader => Errors(grader, train, valid)) };
        data["timing"] = new JsonObject
        {
            ["step"] = StepTiming(train, valid),
            ["graders"] = Graders(grader => With(
                Named(grader), ("train_execution_latency_mean", train.OfGrader(grader.Name, "seconds")), ("valid_execution_latency_mean", valid.OfGrader(grader.Name, "seconds")))),
        };
        if (!valid.IsAbsent) data["valid_reasoning_tokens_mean"] = 0.0;
        data["model_graders_token_usage"] = GraderUsage.ByModel(_graders, train, valid);
        return data;
    }

    /// <summary>The <c>metrics</c> of a checkpoint, which has those of its step and of its eval together.</summary>
    public JsonObject Data(Checkpoint checkpoint)
    {
        var both = new MetricMap(checkpoint.Metrics);
        var data = Flat(checkpoint.Step, both, both);
        return _isSupervised ? data : With(data, ("train_reward_mean", both.Reward), ("valid_reward_mean", both.ValidationReward));
    }

    /// <summary>The text of an event; programs look for <c>Step</c> with <c>reward</c> or <c>loss</c> in it.</summary>
    public string Message(StepTrained? step, EvalCompleted? eval)
    {
        var (train, valid) = (new MetricMap(step?.Metrics), new MetricMap(eval?.Metrics));
        var place = string.Create(CultureInfo.InvariantCulture, $"Step {step?.Step ?? eval?.Step ?? 0}/{step?.TotalSteps ?? job.TotalSteps}");
        if (_isSupervised) return $"{place}: " + Listed(("training loss", train["loss/train"]), ("full validation loss", valid["loss/valid"]));
        return $"{place} , " + Listed(
            ("train mean reward", train.Reward), ("full validation mean reward", valid.ValidationReward), ("full validation mean parse error", MetricColumn.ParseErrorsOf(job).Read(valid)));
    }

    private JsonObject Flat(int step, MetricMap train, MetricMap valid)
    {
        var data = new JsonObject { ["step"] = step };
        foreach (var column in MetricColumn.Of(job)) With(data, (column.Name, column.Read(column.OfEval ? valid : train)));
        return data;
    }

    private JsonArray Graders(Func<GraderDefinition, JsonObject> show) => [.. _graders.Select(show)];

    private static JsonObject Errors(GraderDefinition grader, MetricMap train, MetricMap valid)
    {
        var shown = Named(grader);
        foreach (var (prefix, metrics) in new[] { ("train_", train), ("valid_", valid) })
        {
            if (metrics.IsAbsent) continue;
            var faults = metrics.FaultsOf(grader.Name);
            foreach (var name in GraderFaults.Of(grader.Type).Union(faults.Keys.Order(StringComparer.Ordinal)))
            {
                With(shown, ($"{prefix}{name}_mean", metrics.Share(faults.GetValueOrDefault(name))));
                shown[$"{prefix}{name}_count"] = (long)faults.GetValueOrDefault(name);
            }
        }
        return shown;
    }

    private static JsonObject StepTiming(MetricMap train, MetricMap valid) => With(
        [],
        ("sampling", train["time/sampling"]),
        ("training", train["time/training"]),
        ("eval", valid["time/eval"]),
        ("full_iteration", train["time/step"] + (valid["time/eval"] ?? 0)));

    internal static JsonObject Named(GraderDefinition grader) => new() { ["name"] = grader.Name, ["type"] = grader.Type };

    private static JsonObject With(JsonObject data, params (string Name, double? Value)[] values)
    {
        foreach (var (name, value) in values)
            if (value is { } number) data[name] = number;
        return data;
    }

    private static string Listed(params (string Name, double? Value)[] values) => string.Join(", ", values
        .Where(value => value.Value is not null).Select(value => string.Create(CultureInfo.InvariantCulture, $"{value.Name}={value.Value:0.00}")));
}
