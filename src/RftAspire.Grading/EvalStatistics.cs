using System.Text.Json;

namespace RftAspire.Grading;

/// <summary>An interval of a mean.</summary>
public readonly record struct Interval(double Lower, double Upper);

/// <summary>The best that one answer reaches when it is given to every row.</summary>
public sealed record ConstantAnswer(string Text, double Mean);

/// <summary>Statistics of an eval: one score a row, in row order. Pure; the same scores and seed give the same numbers.</summary>
public static class EvalStatistics
{
    private const int Draws = 4000;
    private const double Level = 0.95;

    /// <summary>Percentile bootstrap over rows of the mean: 95 %, 4,000 draws.</summary>
    public static Interval BootstrapInterval(IReadOnlyList<double> scores, long seed)
    {
        if (scores.Count == 0) throw new ArgumentException("no scores; an interval needs at least one row", nameof(scores));
        var means = new double[Draws];
        for (var draw = 0; draw < Draws; draw++) means[draw] = MeanOfDraw(scores, seed, draw);
        Array.Sort(means);
        return new Interval(Quantile(means, (1 - Level) / 2), Quantile(means, (1 + Level) / 2));
    }

    /// <summary>The same for the mean gain of <paramref name="after"/> over <paramref name="before"/>, row by row.</summary>
    public static Interval PairedBootstrapInterval(IReadOnlyList<double> before, IReadOnlyList<double> after, long seed) =>
        before.Count == after.Count
            ? BootstrapInterval([.. after.Zip(before, (late, early) => late - early)], seed)
            : throw new ArgumentException($"{before.Count} scores before and {after.Count} after; give both for the same rows", nameof(after));

    /// <summary>The same for any statistic of rows, given by their indexes; null where most draws have no value (NaN).</summary>
    public static Interval? BootstrapInterval(int rows, Func<int[], double> statistic, long seed)
    {
        var values = Enumerable.Range(0, Draws).AsParallel().Select(draw => statistic([.. Enumerable.Range(0, rows).Select(position => Index(seed, draw, position, rows))]))
            .Where(double.IsFinite).ToArray();
        if (values.Length <= Draws / 2) return null;
        Array.Sort(values);
        return new Interval(Quantile(values, (1 - Level) / 2), Quantile(values, (1 + Level) / 2));
    }

    /// <summary>Quantile of values in ascending order, linear between order statistics.</summary>
    public static double Quantile(double[] sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var below = (int)place;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }

    /// <summary>
    /// The best of the grader's constant answers, the first of equals; rows that cannot be graded are left out. Null where no
    /// row can be graded.
    /// </summary>
    public static async Task<ConstantAnswer?> BestConstantAnswerAsync(IGrader grader, IReadOnlyList<JsonElement> items, CancellationToken cancellation)
    {
        ConstantAnswer? best = null;
        foreach (var answer in grader.ConstantAnswers(items))
        {
            var sample = new Sample(answer);
            var results = await Task.WhenAll(items.Select(item => grader.GradeAsync(new GradeRequest(item, sample), cancellation).AsTask()));
            var rewards = results.OfType<GradeResult.Reward>().ToArray();
            if (rewards.Length > 0 && rewards.Average(reward => reward.Value) is var mean && !(mean <= best?.Mean)) best = new ConstantAnswer(answer, mean);
        }
        return best;
    }

    private static double MeanOfDraw(IReadOnlyList<double> scores, long seed, int draw)
    {
        var sum = 0.0;
        for (var position = 0; position < scores.Count; position++) sum += scores[Index(seed, draw, position, scores.Count)];
        return sum / scores.Count;
    }

    // Counter-based: the number depends on (seed, draw, position) alone. The high half of a product spreads 64 bits over the count.
    private static int Index(long seed, int draw, int position, int count) =>
        (int)Math.BigMul(Mix(Mix((ulong)seed) ^ Mix(((ulong)draw << 32) | (uint)position)), (ulong)count, out _);

    // splitmix64's finaliser.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
