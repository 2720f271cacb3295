using System.Globalization;
using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Rules;

/// <summary>A number in the answer against that of the row; an answer without one has reward 0.</summary>
public sealed class NumericGrader(NumericDefinition definition) : RuleGrader
{
    // 0.4 - 0.3 is more than 0.1 in doubles by less than this share of 0.4.
    private const double Rounding = 1e-15;

    public override IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items)
    {
        var texts = Commonest(definition.Reference, items).Where(text => Read(text) is not null).ToArray();
        var numbers = texts.Select(text => Read(text)!.Value).Order().ToArray();
        return texts.Concat(numbers.Length == 0 ? [] : [numbers[numbers.Length / 2].ToString("R", CultureInfo.InvariantCulture)])
            .Select(text => definition.Input.Answer(text)).Distinct();
    }

    protected override GradeResult Compute(GradeRequest request)
    {
        if (definition.Reference.Fill(request) is not { } text) return new GradeResult.Reward(0);
        if (Read(text) is not { } reference) return GradeResult.InvalidReference($"the reference '{Shorten(text)}' holds no number on this row; mend the row");
        return new GradeResult.Reward(definition.Input.Fill(request) is { } input && Read(input) is { } answer ? Closeness(answer, reference) : 0);
    }

    private double Closeness(double answer, double reference)
    {
        var distance = Math.Abs(answer - reference);
        var allowed = Math.Max(definition.Tolerance, definition.RelativeTolerance * Math.Abs(reference));
        var rounding = allowed > 0 ? Rounding * Math.Max(Math.Abs(answer), Math.Abs(reference)) : 0;
        if (distance <= allowed + rounding) return 1;
        return definition.Falloff > allowed ? Math.Max(0, 1 - (distance - allowed) / (definition.Falloff.Value - allowed)) : 0;
    }

    private double? Read(string text) => Numbers.Read(text, definition.Extract);

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "...";
}
