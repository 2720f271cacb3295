using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;

namespace RftAspire.Grading.Formulas;

/// <summary>A formula over the rewards of other graders, which work at the same time. A part that the formula needs and that is ungraded leaves the whole so.</summary>
public sealed class MultiGrader(MultiDefinition definition, IReadOnlyList<IGrader> graders) : IGrader
{
    private const int ConstantsPerGrader = 32;
    private const int MaxConstants = 512;

    public async ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation)
    {
        var results = await Task.WhenAll(graders.Select(grader => grader.GradeAsync(request, cancellation).AsTask()));
        return Combine(results) with
        {
            Parts = [.. results.SelectMany(result => result.Parts)],
            Tokens = results.Aggregate(default(TokenUsage), (sum, result) => sum + result.Tokens),
        };
    }

    /// <summary>The parts' own constant answers, and those that are JSON objects merged with each other.</summary>
    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items)
    {
        var answers = graders.Select(grader => grader.ConstantAnswers(items).Take(ConstantsPerGrader).ToArray()).ToArray();
        var merged = answers.Select(texts => texts.Select(AsObject).OfType<JsonObject>().ToArray()).Where(objects => objects.Length > 0)
            .Aggregate(Enumerable.Repeat(new JsonObject(), 1), (all, next) => all.SelectMany(left => next.Select(right => Merge(left, right))).Take(MaxConstants).ToArray());
        return merged.Select(json => json.ToJsonString()).Concat(answers.SelectMany(texts => texts)).Distinct();
    }

    private GradeResult Combine(GradeResult[] results)
    {
        var values = new double[results.Length];
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i] is GradeResult.Reward reward) values[i] = reward.Value;
            else if (results[i] is GradeResult.Ungraded part && definition.Formula.Variables.Contains(i))
                return new GradeResult.Ungraded(part.Kind, $"{definition.Graders[i].Name}: {part.Message}");
        }
        var value = definition.Formula.Evaluate(values);
        return double.IsFinite(value)
            ? new GradeResult.Reward(value)
            : new GradeResult.Ungraded("formula_error", FormattableString.Invariant($"'{definition.Formula.Text}' is {value} for {Inputs(values)}; make it finite, for example with max"));
    }

    private string Inputs(double[] values) => string.Join(", ", values.Select((value, i) => FormattableString.Invariant($"{definition.Graders[i].Name} = {value}")));

    private static JsonObject? AsObject(string text) => new Sample(text).OutputJson is { ValueKind: JsonValueKind.Object } json ? JsonObject.Create(json) : null;

    private static JsonObject Merge(JsonObject left, JsonObject right)
    {
        var merged = (JsonObject)left.DeepClone();
        foreach (var (name, value) in right) merged[name] = value?.DeepClone();
        return merged;
    }
}
