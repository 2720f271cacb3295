using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Rules;

/// <summary>The weighted share of the fields that the answer has as the row; 0 for an answer that is no JSON or breaks the schema.</summary>
public sealed class JsonMatchGrader(JsonMatchDefinition definition) : RuleGrader
{
    private readonly JsonEquality _equality = new(definition.Tolerance, definition.ArraysAsSets);

    /// <summary>The commonest whole objects, and one of the commonest value of every field.</summary>
    public override IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items)
    {
        var references = items.Select(item => definition.Reference.Find(item)).OfType<JsonElement>().Where(value => value.ValueKind == JsonValueKind.Object).ToArray();
        var mixed = new JsonObject();
        foreach (var values in references.SelectMany(row => row.EnumerateObject()).GroupBy(field => field.Name))
            mixed[values.Key] = JsonNode.Parse(Json.CommonestFirst(values.Select(field => field.Value.GetRawText())).First());
        return Json.CommonestFirst(references.Select(row => row.GetRawText())).Take(MaxConstants).Prepend(mixed.ToJsonString()).Distinct();
    }

    protected override GradeResult Compute(GradeRequest request)
    {
        if (definition.Reference.Find(request.Item) is not { ValueKind: JsonValueKind.Object } reference
            || (definition.Fields.Count == 0 && reference.GetPropertyCount() == 0))
            return GradeResult.InvalidReference($"item.{definition.Reference} is no object with a field on this row; mend the row");
        if (request.Sample.OutputJson is not { } answer) return new GradeResult.Reward(0) { Explanation = "the answer is no JSON" };
        if (definition.Schema?.Allows(answer) == false) return new GradeResult.Reward(0) { Explanation = "the answer breaks the schema" };
        return definition.Fields.Count > 0 ? Compare(reference, answer) : CompareAll(reference, answer);
    }

    private GradeResult.Reward Compare(JsonElement reference, JsonElement answer)
    {
        var (right, all, wrong) = (0.0, 0.0, default(List<string>));
        foreach (var (path, weight) in definition.Fields)
        {
            all += weight;
            if (_equality.Holds(path.Find(reference), path.Find(answer))) right += weight;
            else (wrong ??= []).Add(path.Text);
        }
        return Share(right, all, wrong);
    }

    private GradeResult.Reward CompareAll(JsonElement reference, JsonElement answer)
    {
        var (right, all, wrong) = (0, 0, default(List<string>));
        foreach (var field in reference.EnumerateObject())
        {
            all++;
            JsonElement? value = answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(field.Name, out var found) ? found : null;
            if (_equality.Holds(field.Value, value)) right++;
            else (wrong ??= []).Add(field.Name);
        }
        return Share(right, all, wrong);
    }

    private static GradeResult.Reward Share(double right, double all, List<string>? wrong) =>
        new GradeResult.Reward(wrong is null ? 1 : right / all) { Explanation = wrong is null ? null : $"not as in the row: {string.Join(", ", wrong)}" };
}
