using RftAspire.Contracts.Grading.V1;
using Range = RftAspire.Contracts.Grading.V1.Interval;

namespace RftAspire.Grading.Workbench;

/// <summary>How rewards are spread.</summary>
internal static class RewardDistribution
{
    private const int Bins = 10;

    /// <summary>Null where nothing was graded.</summary>
    public static Distribution? Of(IReadOnlyList<Graded> answers, long seed)
    {
        var sorted = answers.Select(answer => answer.Reward).OfType<double>().Order().ToArray();
        if (sorted.Length == 0) return null;
        var rows = RowMeans(answers);
        var interval = EvalStatistics.BootstrapInterval(rows, seed);
        return new Distribution
        {
            Count = sorted.Length,
            Mean = rows.Average(),
            Interval = new Range { Lower = interval.Lower, Upper = interval.Upper },
            Std = Deviation(sorted),
            Min = sorted[0],
            LowerQuartile = EvalStatistics.Quantile(sorted, 0.25),
            Median = EvalStatistics.Quantile(sorted, 0.5),
            UpperQuartile = EvalStatistics.Quantile(sorted, 0.75),
            Max = sorted[^1],
            Histogram = { Histogram(sorted) },
        };
    }

    /// <summary>The mean reward of each row with a graded answer, in row order.</summary>
    public static double[] RowMeans(IEnumerable<Graded> answers) => [.. answers
        .GroupBy(answer => answer.Trial.Row, ReferenceEqualityComparer.Instance)
        .Select(row => row.Average(answer => answer.Reward)).OfType<double>()];

    private static double Deviation(double[] values)
    {
        // Equal values have no deviation, though their mean may be rounded.
        if (values[0].Equals(values[^1])) return 0;
        var mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }

    private static IEnumerable<HistogramBin> Histogram(double[] sorted)
    {
        var (low, high) = sorted[0] >= 0 && sorted[^1] <= 1 ? (0.0, 1.0) : (sorted[0], sorted[^1]);
        if (low.Equals(high)) high = low + 1;
        double Edge(int bin) => low + (high - low) * bin / Bins;
        // By the printed edges, so that a reward of 0.3 is where a reader looks for it.
        var counts = sorted.CountBy(value => Enumerable.Range(1, Bins - 1).Count(edge => value >= Edge(edge))).ToDictionary();
        return Enumerable.Range(0, Bins).Select(bin => new HistogramBin { From = Edge(bin), To = Edge(bin + 1), Count = counts.GetValueOrDefault(bin) });
    }
}
