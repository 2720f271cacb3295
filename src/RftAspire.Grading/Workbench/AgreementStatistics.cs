namespace RftAspire.Grading.Workbench;

/// <summary>How far two judges of the same answers go together. NaN where a statistic is not defined.</summary>
public static class AgreementStatistics
{
    /// <summary>Share of pairs of the same class.</summary>
    public static double Accuracy(IReadOnlyList<int> left, IReadOnlyList<int> right) =>
        left.Zip(right, (one, other) => one == other ? 1.0 : 0.0).DefaultIfEmpty(double.NaN).Average();

    /// <summary>
    /// Unweighted kappa, (p_o - p_e) / (1 - p_e): the observed agreement beside the one expected of two judges that draw from their own
    /// frequencies. Not defined where both give one and the same class throughout. J. Cohen, A coefficient of agreement for nominal
    /// scales, Educational and Psychological Measurement 20 (1960).
    /// </summary>
    public static double Kappa(IReadOnlyList<int> left, IReadOnlyList<int> right)
    {
        var (ours, theirs) = (Counts(left), Counts(right));
        var expected = ours.Sum(count => (double)count.Value * theirs.GetValueOrDefault(count.Key)) / ((double)left.Count * right.Count);
        return expected < 1 ? (Accuracy(left, right) - expected) / (1 - expected) : double.NaN;
    }

    /// <summary>
    /// Rank correlation: Pearson's coefficient of the ranks, equal values sharing the mean of theirs. Not defined where either side is
    /// constant. C. Spearman, American Journal of Psychology 15 (1904).
    /// </summary>
    public static double Spearman(IReadOnlyList<double> left, IReadOnlyList<double> right) => Pearson(Ranks(left), Ranks(right));

    /// <summary>Ranks from 1, equal values sharing the mean of theirs.</summary>
    public static double[] Ranks(IReadOnlyList<double> values)
    {
        var order = Enumerable.Range(0, values.Count).ToArray();
        Array.Sort(values.ToArray(), order);
        var ranks = new double[values.Count];
        for (var (start, end) = (0, 0); start < order.Length; start = end)
        {
            while (end < order.Length && values[order[end]].Equals(values[order[start]])) end++;
            // The mean of start + 1 to end.
            for (var place = start; place < end; place++) ranks[order[place]] = (start + 1 + end) / 2.0;
        }
        return ranks;
    }

    private static double Pearson(double[] left, double[] right)
    {
        if (left.Length == 0) return double.NaN;
        var (leftMean, rightMean) = (left.Average(), right.Average());
        var (product, leftSquare, rightSquare) = (0.0, 0.0, 0.0);
        for (var i = 0; i < left.Length; i++)
        {
            var (x, y) = (left[i] - leftMean, right[i] - rightMean);
            product += x * y;
            leftSquare += x * x;
            rightSquare += y * y;
        }
        return leftSquare > 0 && rightSquare > 0 ? product / Math.Sqrt(leftSquare * rightSquare) : double.NaN;
    }

    private static Dictionary<int, int> Counts(IReadOnlyList<int> classes) => classes.CountBy(one => one).ToDictionary();
}
