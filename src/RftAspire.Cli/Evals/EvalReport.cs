using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Grading;

namespace RftAspire.Cli.Evals;

/// <summary>How one evaluation is told.</summary>
public static class EvalReport
{
    public static void Print(CommandContext context, Evaluation evaluation, ConstantAnswer? constant, int samples, long seed)
    {
        var estimate = evaluation.Estimate(seed);
        if (context.Json) context.PrintJson(ToJson(evaluation, estimate, constant, samples));
        else PrintText(context.Out, evaluation, estimate, constant, samples);
    }

    public static JsonObject? ToJson(ConstantAnswer? constant) =>
        constant is null ? null : new() { ["answer"] = constant.Text, ["mean"] = Estimate.Number(constant.Mean) };

    public static JsonObject ToJson(IReadOnlyDictionary<string, int> ungraded) =>
        new(ungraded.Select(kind => KeyValuePair.Create(kind.Key, (JsonNode?)JsonValue.Create(kind.Value))));

    public static JsonObject ToJson(Evaluation evaluation, Estimate estimate, ConstantAnswer? constant, int samples) => new()
    {
        ["mean"] = estimate.JsonMean,
        ["interval"] = estimate.JsonInterval,
        ["n"] = evaluation.Scores.Count,
        ["samples"] = samples,
        ["best"] = Estimate.Number(evaluation.Best),
        ["rows"] = new JsonArray([.. evaluation.Rows.Select(row => ToJson(row, samples))]),
        ["constant"] = ToJson(constant),
        ["ungraded"] = ToJson(evaluation.Ungraded),
    };

    private static JsonObject ToJson(EvaluatedRow row, int samples)
    {
        var document = new JsonObject
        {
            ["line"] = row.Row.Line,
            ["score"] = row.Score,
            ["output"] = row.Answers[0].Output,
        };
        if (samples > 1)
            document["samples"] = new JsonArray([.. row.Answers.Select(answer => new JsonObject { ["score"] = answer.Score, ["output"] = answer.Output })]);
        return document;
    }

    private static void PrintText(TextWriter writer, Evaluation evaluation, Estimate estimate, ConstantAnswer? constant, int samples)
    {
        var how = samples == 0 ? "greedy" : $"mean of {samples} samples";
        writer.WriteLine($"{how}: {estimate} over {evaluation.Scores.Count} rows");
        if (samples > 1) writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"best of {samples}: {evaluation.Best:0.000}"));
        if (constant is not null) writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"best constant answer: {constant.Mean:0.000} with {constant.Text}"));
        foreach (var (kind, count) in evaluation.Ungraded) writer.WriteLine($"ungraded, {kind}: {count}");
    }
}
