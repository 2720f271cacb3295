using RftAspire.Contracts.Grading.V1;
using Range = RftAspire.Contracts.Grading.V1.Interval;

namespace RftAspire.Grading.Workbench;

/// <summary>Rewards beside somebody's ratings of the same answers.</summary>
internal static class RatingAgreement
{
    /// <summary>Null where no answer has both.</summary>
    public static Agreement? Of(IEnumerable<Graded> answers, TestOptions options)
    {
        var rated = answers.Where(answer => answer is { Reward: not null, Trial.Rating: not null }).ToArray();
        if (rated.Length == 0) return null;
        var (rewards, ratings) = (rated.Select(answer => answer.Reward!.Value).ToArray(), rated.Select(answer => answer.Trial.Rating!.Value).ToArray());
        var (classes, ratedClasses) = (Classes(rewards, options), Classes(ratings, options));
        return new Agreement
        {
            Accuracy = Estimate(rated.Length, at => AgreementStatistics.Accuracy(Pick(classes, at), Pick(ratedClasses, at)), options.Seed),
            Kappa = Estimate(rated.Length, at => AgreementStatistics.Kappa(Pick(classes, at), Pick(ratedClasses, at)), options.Seed),
            Spearman = Estimate(rated.Length, at => AgreementStatistics.Spearman(Pick(rewards, at), Pick(ratings, at)), options.Seed),
        };
    }

    private static int[] Classes(double[] values, TestOptions options) =>
        [.. values.Select(value => options.HasPassMark ? (value >= options.PassMark ? 1 : 0) : (int)Math.Floor(value + 0.5))];

    private static T[] Pick<T>(T[] values, int[] at) => Array.ConvertAll(at, i => values[i]);

    private static Estimate? Estimate(int rows, Func<int[], double> statistic, long seed)
    {
        var value = statistic([.. Enumerable.Range(0, rows)]);
        if (!double.IsFinite(value)) return null;
        var interval = EvalStatistics.BootstrapInterval(rows, statistic, seed);
        return new Estimate
        {
            Value = value,
            Interval = interval is { } found ? new Range { Lower = found.Lower, Upper = found.Upper } : null,
            N = rows,
        };
    }
}
