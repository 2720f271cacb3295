using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Rules;

/// <summary>
/// F-beta of the answer's labels against the row's: (1 + b²)PR / (b²P + R), 0 where none is right. A label named again counts as a
/// wrong one, so repeating does not pay. An answer without labels in its JSON has reward 0, by the rule of the task.
/// </summary>
public sealed class LabelSetGrader(LabelSetDefinition definition) : RuleGrader(definition)
{
    public override IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items)
    {
        var references = items.Select(item => Json.Texts(definition.Reference.Find(item))).OfType<string[]>().ToArray();
        var commonest = Json.CommonestFirst(references.SelectMany(labels => labels.Distinct())).ToArray();
        var common = Enumerable.Range(1, Math.Min(6, commonest.Length)).Select(count => Write(commonest[..count]));
        var distinct = Json.CommonestFirst(references.Select(labels => Write(labels.Distinct().Order(StringComparer.Ordinal))));
        return common.Append(Write([])).Concat(distinct.Take(MaxConstants)).Distinct();
    }

    protected override GradeResult Compute(GradeRequest request)
    {
        if (Json.Texts(definition.Reference.Find(request.Item)) is not { } reference)
            return GradeResult.InvalidReference($"item.{definition.Reference} is not an array of texts on this row; mend the row");
        var answer = request.Sample.OutputJson is { } json ? Json.Texts(definition.Output.Find(json)) : null;
        return new GradeResult.Reward(answer is null ? 0 : FBeta(answer, [.. reference]));
    }

    // From the counts, which is the same number as from P and R and never divides by zero.
    private double FBeta(string[] answer, HashSet<string> reference)
    {
        var right = answer.Distinct().Count(reference.Contains);
        if (right == 0) return 0;
        var (wrong, missed) = (answer.Length - right, reference.Count - right);
        var weight = definition.Beta * definition.Beta;
        return (1 + weight) * right / ((1 + weight) * right + weight * missed + wrong);
    }

    private string Write(IEnumerable<string> labels) => Json.Nest(definition.Output.Names ?? [], labels);
}
