namespace RftAspire.Jobs.Metrics;

/// <summary>The metrics of a step or of an eval under the names that Training gives them; none at all where it did not happen.</summary>
internal readonly struct MetricMap(IDictionary<string, double>? metrics)
{
    public bool IsAbsent => metrics is null;

    /// <summary>The value, null where it is absent or no number.</summary>
    public double? this[string name] => metrics is not null && metrics.TryGetValue(name, out var value) && double.IsFinite(value) ? value : null;

    public double? Reward => this["reward/mean"];

    // Several answers a row steady the curve; the greedy one stands in where none were sampled.
    public double? ValidationReward => this["reward/sampled"] ?? this["reward/greedy"];

    public double? Rollouts => this["rollouts/count"];

    /// <summary>Share of rollouts that got no reward.</summary>
    public double? UngradedShare => Share(this["rollouts/ungraded"]);

    public double? Share(double? count) => Rollouts is > 0 and var all && count is not null ? count / all : null;

    public double? OfGrader(string grader, string name) => this[$"grader/{grader}/{name}"];

    public double? ValidationRewardOf(string grader) => OfGrader(grader, "sampled") ?? OfGrader(grader, "greedy");

    /// <summary>A grader's ungraded rollouts by OpenAI's names of their kinds.</summary>
    public Dictionary<string, double> FaultsOf(string grader)
    {
        var prefix = $"grader/{grader}/ungraded/";
        return (metrics ?? new Dictionary<string, double>())
            .Where(metric => metric.Key.StartsWith(prefix, StringComparison.Ordinal))
            .GroupBy(metric => GraderFaults.NameOf(metric.Key[prefix.Length..]))
            .ToDictionary(kinds => kinds.Key, kinds => kinds.Sum(kind => kind.Value));
    }
}
