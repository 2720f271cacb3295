using System.Text.Json;
using System.Text.RegularExpressions;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Rules;

/// <summary>1 where the pattern matches and its group is the reference, else 0.</summary>
public sealed class RegexGrader(RegexDefinition definition) : RuleGrader
{
    private readonly StringComparison _comparison =
        definition.Pattern.Options.HasFlag(RegexOptions.IgnoreCase) ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    /// <summary>The commonest references; without one the pattern itself, which often matches itself.</summary>
    public override IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items)
    {
        var texts = definition.Reference is null ? [definition.Pattern.ToString()] : Commonest(definition.Reference, items);
        return texts.Append("").Select(text => definition.Input.Answer(text));
    }

    protected override GradeResult Compute(GradeRequest request) =>
        new GradeResult.Reward(definition.Input.Fill(request) is { } input && Matches(input, request) ? 1 : 0);

    private bool Matches(string input, GradeRequest request)
    {
        if (definition.Reference is null) return definition.Pattern.IsMatch(input);
        return definition.Pattern.Match(input) is { Success: true } match
            && match.Groups[definition.Group] is { Success: true } group
            && definition.Reference.Fill(request) is { } reference
            && group.ValueSpan.Equals(reference, _comparison);
    }
}
