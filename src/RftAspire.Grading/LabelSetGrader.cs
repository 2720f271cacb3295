using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading;

/// <summary>
/// F-beta of the answer's labels against the row's: (1 + b²)PR / (b²P + R), 0 where none is right. A label named again counts as a
/// wrong one, so repeating does not pay. An answer without labels in its JSON has reward 0, by the rule of the task.
/// </summary>
public sealed class LabelSetGrader(LabelSetDefinition definition) : IGrader
{
    private const int MaxConstants = 256;
    private readonly string _column = string.Join('.', definition.Reference.Path);

    public GradeResult Grade(JsonElement item, string outputText)
    {
        if (Json.Texts(Json.Find(item, definition.Reference.Path)) is not { } reference)
            return GradeResult.InvalidReference($"item.{_column} is not an array of texts on this row; mend the row");
        var answer = Json.Answer(outputText, json => Json.Texts(Json.Find(json, definition.Output)));
        return new GradeResult.Reward(answer is null ? 0 : FBeta(answer, [.. reference]));
    }

    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items)
    {
        var references = items.Select(item => Json.Texts(Json.Find(item, definition.Reference.Path))).OfType<string[]>().ToArray();
        var commonest = CommonestFirst(references.SelectMany(labels => labels.Distinct())).ToArray();
        var common = Enumerable.Range(1, Math.Min(6, commonest.Length)).Select(count => Write(commonest[..count]));
        var distinct = CommonestFirst(references.Select(labels => Write(labels.Distinct().Order(StringComparer.Ordinal))));
        return common.Append(Write([])).Concat(distinct.Take(MaxConstants)).Distinct();
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

    private string Write(IEnumerable<string> labels) => Json.Nest(definition.Output, labels);

    private static IEnumerable<string> CommonestFirst(IEnumerable<string> values) => values.CountBy(value => value)
        .OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).Select(count => count.Key);
}
