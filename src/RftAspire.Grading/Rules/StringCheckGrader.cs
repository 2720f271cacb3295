using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Rules;

/// <summary>1 where the comparison holds, else 0. An answer that lacks a value which the grader reads of it has reward 0.</summary>
public sealed class StringCheckGrader(StringCheckDefinition definition) : RuleGrader
{
    public override IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) =>
        Commonest(definition.Reference, items).Append("").Select(text => definition.Input.Answer(text));

    protected override GradeResult Compute(GradeRequest request) => new GradeResult.Reward(
        definition.Input.Fill(request) is { } input && definition.Reference.Fill(request) is { } reference && Compare(input, reference) ? 1 : 0);

    private bool Compare(string input, string reference) => definition.Operation switch
    {
        StringCheckOperation.Eq => string.Equals(input, reference, StringComparison.Ordinal),
        StringCheckOperation.Ne => !string.Equals(input, reference, StringComparison.Ordinal),
        StringCheckOperation.Like => input.Contains(reference, StringComparison.Ordinal),
        StringCheckOperation.Ilike => input.Contains(reference, StringComparison.OrdinalIgnoreCase),
        var operation => throw new InvalidOperationException($"no comparison {operation}"),
    };
}
