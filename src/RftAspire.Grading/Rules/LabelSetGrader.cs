using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Rules;

/// <summary>
/// The answer's labels against the row's, by counts of right, wrong and missed ones. A label named again counts as a wrong one, so
/// repeating does not pay. An answer without labels in its JSON has reward 0, by the rule of the task.
/// </summary>
public sealed class LabelSetGrader(LabelSetDefinition definition) : RuleGrader
{
    private readonly double _weight = definition.Beta * definition.Beta;

    public override IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items)
    {
        var references = items.Select(item => Read(definition.Reference.Find(item))).OfType<Label[]>().ToArray();
        var commonest = references.SelectMany(labels => labels.Distinct()).CountBy(label => label)
            .OrderByDescending(count => count.Value).ThenBy(count => count.Key.Key, StringComparer.Ordinal).Select(count => count.Key).ToArray();
        var common = Enumerable.Range(1, Math.Min(6, commonest.Length)).Select(count => Write(commonest[..count]));
        var distinct = Json.CommonestFirst(references.Select(labels => Write(labels.Distinct().OrderBy(label => label.Key, StringComparer.Ordinal))));
        return common.Append(Write([])).Concat(distinct.Take(MaxConstants)).Distinct();
    }

    protected override GradeResult Compute(GradeRequest request)
    {
        if (Read(definition.Reference.Find(request.Item)) is not { } reference)
            return GradeResult.InvalidReference($"item.{definition.Reference} is not an array of texts, numbers, true or false on this row; mend the row");
        var answer = request.Sample.OutputJson is { } json ? Read(definition.Output.Find(json)) : null;
        return new GradeResult.Reward(answer is null ? 0 : Measure(answer, [.. reference]));
    }

    // From the counts, which are the same numbers as from precision and recall and never divide by zero.
    private double Measure(Label[] answer, HashSet<Label> missing)
    {
        if (answer.Length == 0 && missing.Count == 0) return definition.Empty;
        var right = answer.Count(missing.Remove);
        if (right == 0) return 0;
        var (wrong, missed) = (answer.Length - right, missing.Count);
        return definition.Metric switch
        {
            LabelSetMetric.FBeta => (1 + _weight) * right / ((1 + _weight) * right + _weight * missed + wrong),
            LabelSetMetric.Precision => (double)right / (right + wrong),
            LabelSetMetric.Recall => (double)right / (right + missed),
            LabelSetMetric.Exact => wrong + missed == 0 ? 1 : 0,
            LabelSetMetric.Jaccard => (double)right / (right + wrong + missed),
            var metric => throw new InvalidOperationException($"no metric {metric}"),
        };
    }

    private Label[]? Read(JsonElement? labels) => Label.ReadAll(labels, definition.IgnoreCase);

    private string Write(IEnumerable<Label> labels) => Json.Nest(definition.Output.Names ?? [], labels.Select(label => label.Value));
}
