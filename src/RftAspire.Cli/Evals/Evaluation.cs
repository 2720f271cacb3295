using RftAspire.Contracts;
using RftAspire.Grading;

namespace RftAspire.Cli.Evals;

/// <summary>One answer with its reward, or the kind of reason why it has none.</summary>
public sealed record GradedAnswer(string Output, double? Score, string? Ungraded);

/// <summary>A row's answers; its score is the mean of the graded ones.</summary>
public sealed record EvaluatedRow(PromptRow Row, IReadOnlyList<GradedAnswer> Answers)
{
    public double? Score => Answers.Average(answer => answer.Score);
}

/// <summary>A model's answers to a dataset, graded. A row without any graded answer counts in no mean.</summary>
public sealed record Evaluation(IReadOnlyList<EvaluatedRow> Rows)
{
    public IReadOnlyList<double> Scores => [.. Rows.Select(row => row.Score).OfType<double>()];

    /// <summary>Mean over rows of each one's best answer: what choosing among the samples could reach.</summary>
    public double Best => Rows.Select(row => row.Answers.Max(answer => answer.Score)).OfType<double>().DefaultIfEmpty(double.NaN).Average();

    public SortedDictionary<string, int> Ungraded => new(
        Rows.SelectMany(row => row.Answers).Select(answer => answer.Ungraded).OfType<string>().CountBy(kind => kind).ToDictionary(),
        StringComparer.Ordinal);

    /// <param name="rows">The rows asked.</param>
    /// <param name="answers">One array of answers a row.</param>
    /// <param name="grader">What judges them.</param>
    public static async Task<Evaluation> OfAsync(IReadOnlyList<PromptRow> rows, IReadOnlyList<string[]> answers, IGrader grader, CancellationToken cancellation) =>
        new(await Task.WhenAll(rows.Zip(answers, async (row, texts) =>
            new EvaluatedRow(row, await Task.WhenAll(texts.Select(text => GradeAsync(grader, row, text, cancellation)))))));

    public Estimate Estimate(long seed) => EstimateOf(Scores, seed);

    /// <summary>The gain over <paramref name="before"/> on the rows that both have a score for.</summary>
    public Estimate GainOver(Evaluation before, long seed) => EstimateOf(
        [.. before.Rows.Zip(Rows, (early, late) => late.Score - early.Score).OfType<double>()], seed);

    private static Estimate EstimateOf(IReadOnlyList<double> scores, long seed)
    {
        if (scores.Count == 0) return new(double.NaN, double.NaN, double.NaN);
        var interval = EvalStatistics.BootstrapInterval(scores, seed);
        return new(scores.Average(), interval.Lower, interval.Upper);
    }

    private static async Task<GradedAnswer> GradeAsync(IGrader grader, PromptRow row, string text, CancellationToken cancellation) =>
        await grader.GradeAsync(new GradeRequest(row.Item, new Sample(text)), cancellation) switch
        {
            GradeResult.Reward reward => new(text, reward.Value, null),
            GradeResult.Ungraded ungraded => new(text, null, ungraded.Kind),
            var other => throw new InvalidOperationException($"no such result: {other}"),
        };
}
