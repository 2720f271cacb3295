using System.Text.Json.Nodes;

namespace RftAspire.Cli.Evals;

/// <summary>A comparison as JSON.</summary>
public static class CompareJson
{
    public static JsonObject Of(IReadOnlyList<Comparison> comparisons, EvalGrader grader, int examples) => new()
    {
        ["data"] = new JsonArray([.. comparisons.Select(Of)]),
        ["examples"] = new JsonArray([.. comparisons[^1].Examples(examples, grader).Select(Of)]),
    };

    private static JsonObject Of(Comparison comparison)
    {
        var document = new JsonObject { ["label"] = comparison.Data.Label, ["rows"] = comparison.Data.Rows.Count };
        foreach (var mode in comparison.Modes)
            document[mode.Mode] = new JsonObject
            {
                ["base"] = mode.BaseMean.ToJson(),
                ["tuned"] = mode.TunedMean.ToJson(),
                ["gain"] = mode.Gain.ToJson(),
                ["ungraded"] = new JsonObject { ["base"] = EvalReport.ToJson(mode.Base.Ungraded), ["tuned"] = EvalReport.ToJson(mode.Tuned.Ungraded) },
            };
        document["constant"] = EvalReport.ToJson(comparison.Constant);
        return document;
    }

    private static JsonObject Of(Example example) => new()
    {
        ["line"] = example.Line,
        ["prompt"] = example.Prompt,
        ["reference"] = example.Reference,
        ["base"] = Of(example.Base),
        ["tuned"] = Of(example.Tuned),
    };

    private static JsonObject Of(GradedAnswer answer) => new() { ["output"] = answer.Output, ["score"] = answer.Score };
}
