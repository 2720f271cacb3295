using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Rules;

/// <summary>
/// A ranked list against the right items. Discounted cumulative gain is that of Järvelin and Kekäläinen 2002 with logarithms to base 2 as
/// scikit-learn's <c>ndcg_score</c> computes it: the sum of gain / log2(place + 1).
/// </summary>
public sealed class RankingGrader(RankingDefinition definition) : RuleGrader
{
    private readonly StringComparer _comparer = definition.IgnoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    public override IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items)
    {
        var gains = items.Select(item => Gains(definition.Reference.Find(item))).OfType<Dictionary<string, double>>().SelectMany(row => row);
        var best = gains.AggregateBy(gain => gain.Key, 0.0, (sum, gain) => sum + gain.Value, _comparer)
            .OrderByDescending(gain => gain.Value).ThenBy(gain => gain.Key, StringComparer.Ordinal).Select(gain => gain.Key).ToArray();
        // The best constant list has the items by their gain over all rows; shorter ones show how little the tail adds.
        return new[] { definition.MaxItems, 10, 3, 1 }.Where(count => count <= definition.MaxItems)
            .Select(count => Json.Nest(definition.Output.Names ?? [], best.Take(count))).Distinct();
    }

    protected override GradeResult Compute(GradeRequest request)
    {
        if (Gains(definition.Reference.Find(request.Item)) is not { } gains)
            return GradeResult.InvalidReference($"item.{definition.Reference} is no text, array of texts or object of gains with one above 0 on this row; mend the row");
        var answer = request.Sample.OutputJson is { } json ? Json.Texts(definition.Output.Find(json)) : null;
        return new GradeResult.Reward(answer is null ? 0 : Measure(answer.AsSpan(0, Math.Min(answer.Length, definition.MaxItems)), gains));
    }

    private double Measure(ReadOnlySpan<string> answer, Dictionary<string, double> gains)
    {
        if (definition.Metric == RankingMetric.Ndcg) return Ndcg(answer, gains);
        for (var index = 0; index < answer.Length; index++)
        {
            if (!gains.ContainsKey(answer[index])) continue;
            return definition.Metric == RankingMetric.ReciprocalRank ? 1.0 / (index + 1) : index < definition.K ? 1 : 0;
        }
        return 0;
    }

    private double Ndcg(ReadOnlySpan<string> answer, Dictionary<string, double> gains)
    {
        var best = gains.Values.OrderDescending().Take(definition.K).Select(Discounted).Sum();
        var sum = 0.0;
        for (var index = 0; index < Math.Min(answer.Length, definition.K); index++)
        {
            if (gains.Remove(answer[index], out var gain)) sum += Discounted(gain, index);
        }
        // Another order of the same gains may differ in the last digit.
        return Math.Min(sum / best, 1);
    }

    private static double Discounted(double gain, int index) => gain / Math.Log2(index + 2);

    // Right items with their gains, all above 0; null where the row names none.
    private Dictionary<string, double>? Gains(JsonElement? reference)
    {
        var gains = new Dictionary<string, double>(_comparer);
        if (reference is { ValueKind: JsonValueKind.String } text)
        {
            gains[text.GetString()!] = 1;
        }
        else if (reference is { ValueKind: JsonValueKind.Object } map)
        {
            foreach (var item in map.EnumerateObject())
            {
                if (item.Value.ValueKind != JsonValueKind.Number || item.Value.GetDouble() is not (>= 0 and <= 1e6 and var gain)) return null;
                if (gain > 0) gains[item.Name] = Math.Max(gain, gains.GetValueOrDefault(item.Name));
            }
        }
        else if (Json.Texts(reference) is { } right)
        {
            foreach (var item in right) gains[item] = 1;
        }
        return gains.Count > 0 ? gains : null;
    }
}
