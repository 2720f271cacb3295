using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Jobs;

/// <summary>How the rewards of a job's single graders went: which of them is learnt, and which stands still or is gamed.</summary>
public static class GraderCurves
{
    private const string Prefix = "grader/";
    private const string Suffix = "/reward";
    private const string Bars = "▁▂▃▄▅▆▇█";
    private const int Points = 32;

    /// <summary>One row a grader: its name, the means over the first and the last tenth of the steps, and its curve; null for a job without steps.</summary>
    public static Table? Of(IReadOnlyList<JobEvent> events)
    {
        var steps = events.Select(e => e.StepTrained).OfType<StepTrained>().ToList();
        var names = steps.SelectMany(step => step.Metrics.Keys)
            .Where(key => key.StartsWith(Prefix, StringComparison.Ordinal) && key.EndsWith(Suffix, StringComparison.Ordinal))
            .Select(key => key[Prefix.Length..^Suffix.Length]).Distinct().Order(StringComparer.Ordinal).ToList();
        if (names.Count == 0) return null;
        var table = new Table().AddColumns("grader", "first tenth", "last tenth", "reward over the steps");
        foreach (var name in names)
        {
            var rewards = steps.Where(step => step.Metrics.ContainsKey(Prefix + name + Suffix)).Select(step => step.Metrics[Prefix + name + Suffix]).ToList();
            var tenth = Math.Max(1, rewards.Count / 10);
            table.AddRow(new Text(name), new Text(Number(rewards.Take(tenth).Average())), new Text(Number(rewards.TakeLast(tenth).Average())), new Text(Curve(rewards)));
        }
        return table;
    }

    /// <summary>The values as bars from the lowest to the highest, each the mean of a stretch.</summary>
    public static string Curve(IReadOnlyList<double> values)
    {
        var points = Math.Min(Points, values.Count);
        var means = Enumerable.Range(0, points)
            .Select(i => values.Skip(i * values.Count / points).Take((i + 1) * values.Count / points - i * values.Count / points).Average()).ToList();
        var (low, high) = (means.Min(), means.Max());
        return string.Concat(means.Select(mean => Bars[high > low ? (int)((mean - low) / (high - low) * (Bars.Length - 1) + 0.5) : 0]));
    }

    private static string Number(double value) => value.ToString("0.000", System.Globalization.CultureInfo.InvariantCulture);
}
