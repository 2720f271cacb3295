using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Grading.Rules;

namespace RftAspire.Grading.Text;

/// <summary>How alike two texts are. An answer that lacks what the grader reads of it has reward 0.</summary>
public sealed class TextSimilarityGrader(TextSimilarityDefinition definition) : RuleGrader
{
    private readonly Func<string, string, double> _measure = definition.Metric switch
    {
        TextMetric.FuzzyMatch => Fuzzy.Match,
        TextMetric.Bleu => Bleu.Score,
        TextMetric.Gleu => Bleu.Google,
        TextMetric.Meteor => Meteor.Score,
        TextMetric.Cosine => Cosine.Similarity,
        TextMetric.RougeL => Rouge.LongestCommon,
        >= TextMetric.Rouge1 and <= TextMetric.Rouge5 => (answer, reference) => Rouge.Runs(answer, reference, definition.Metric - TextMetric.Rouge1 + 1),
        _ => throw new ArgumentException($"no metric {definition.Metric}"),
    };

    public override IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) =>
        Commonest(definition.Reference, items).Append("").Select(text => definition.Input.Answer(text));

    protected override GradeResult Compute(GradeRequest request) => new GradeResult.Reward(
        definition.Input.Fill(request) is { } input && definition.Reference.Fill(request) is { } reference ? _measure(input, reference) : 0);
}
