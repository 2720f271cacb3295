using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Grading.V1;

namespace RftAspire.Grading.Workbench;

/// <summary>An answer to be tested, with somebody's rating of it where there is one.</summary>
public sealed record RatedAnswer(string Text, double? Rating);

/// <summary>A dataset row with the answers to be tested on it, which may be none.</summary>
public sealed record AnsweredRow(PromptRow Row, IReadOnlyList<RatedAnswer> Answers);

/// <summary>
/// Tries a grader on a dataset: what rewards the answers get, how these agree with ratings, what fixed answers get for nothing, and
/// what a job would cost. But for the seconds, the same input gives the same report, save where the grader asks others.
/// </summary>
/// <param name="definition">The grader as data.</param>
/// <param name="grader">The grader at work.</param>
/// <param name="options">As in grading.proto.</param>
/// <param name="progress">Told calls done and calls in all; several threads may tell at once.</param>
public sealed class GraderTest(GraderDefinition definition, IGrader grader, TestOptions options, Action<int, int>? progress = null)
{
    // A grader that asks models waits more than it computes, and costs more.
    private const int CallsOfModelsAtOnce = 16;

    // The least share of ungraded answers with which a job fails, unless its settings say otherwise.
    private const double UngradedShareOfJobs = 0.2;

    /// <summary>Grades the answers and the fixed answers.</summary>
    public async Task<TestReport> RunAsync(IReadOnlyList<AnsweredRow> rows, CancellationToken cancellation)
    {
        var answers = rows.SelectMany(row => row.Answers.Select(answer => new Trial(row.Row, new Sample(answer.Text), answer.Rating))).ToArray();
        var (fixedAnswers, spread) = (FixedAnswers.For(definition, grader, rows), Spread(rows));
        Trial[] tries = [.. fixedAnswers.SelectMany(answer => spread.Select(row => new Trial(row.Row, answer.For(row.Row), null)))];
        var graded = await GradeAsync([.. answers, .. tries], cancellation);
        var tested = graded[..answers.Length];
        var judged = answers.Length > 0 ? tested : graded;
        var report = new TestReport
        {
            Rows = rows.Count,
            Answers = answers.Length,
            Rewards = RewardDistribution.Of(tested, options.Seed),
            Parts = { PartReports.Of(judged, graded, options) },
            Ungraded = { Ungraded(judged) },
            Agreement = RatingAgreement.Of(tested, options),
            Exploits = FixedAnswers.Report(fixedAnswers, [.. graded[answers.Length..].Chunk(Math.Max(1, spread.Length))], MeanOn(tested, spread)),
        };
        report.Exploits.Rows = spread.Length;
        report.Warnings.AddRange(Warnings(report, judged));
        return report;
    }

    private AnsweredRow[] Spread(IReadOnlyList<AnsweredRow> rows)
    {
        var count = Math.Min(rows.Count, options.HasExploitRows ? options.ExploitRows : FixedAnswers.RowsFor(definition));
        return [.. Enumerable.Range(0, count).Select(i => rows[(int)((long)i * rows.Count / count)])];
    }

    private async Task<Graded[]> GradeAsync(Trial[] trials, CancellationToken cancellation)
    {
        var (graded, done) = (new Graded[trials.Length], 0);
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = definition.NeedsPlatform ? CallsOfModelsAtOnce : Environment.ProcessorCount,
            CancellationToken = cancellation,
        };
        await Parallel.ForAsync(0, trials.Length, parallel, async (i, token) =>
        {
            graded[i] = new Graded(trials[i], await grader.GradeAsync(new GradeRequest(trials[i].Row.Item, trials[i].Sample), token));
            progress?.Invoke(Interlocked.Increment(ref done), trials.Length);
        });
        return graded;
    }

    private static double? MeanOn(Graded[] tested, AnsweredRow[] spread)
    {
        var rows = spread.Select(row => row.Row).ToHashSet(ReferenceEqualityComparer.Instance);
        return RewardDistribution.RowMeans(tested.Where(answer => rows.Contains(answer.Trial.Row))) is { Length: > 0 } means ? means.Average() : null;
    }

    private static IEnumerable<UngradedReport> Ungraded(Graded[] judged) => judged
        .Where(answer => answer.Result is GradeResult.Ungraded)
        .GroupBy(answer => ((GradeResult.Ungraded)answer.Result).Kind)
        .OrderByDescending(kind => kind.Count()).ThenBy(kind => kind.Key, StringComparer.Ordinal)
        .Select(kind => new UngradedReport
        {
            Kind = kind.Key,
            Count = kind.Count(),
            Line = kind.MinBy(answer => answer.Trial.Row.Line)!.Trial.Row.Line,
            Message = ((GradeResult.Ungraded)kind.MinBy(answer => answer.Trial.Row.Line)!.Result).Message,
        });

    private IEnumerable<string> Warnings(TestReport report, Graded[] judged)
    {
        var ungraded = judged.Count(answer => answer.Result is GradeResult.Ungraded) / (double)Math.Max(1, judged.Length);
        if (ungraded > UngradedShareOfJobs)
            yield return FormattableString.Invariant($"{ungraded:0.0 %} of the answers are ungraded; a job fails above Training:MaxUngradedShare, {UngradedShareOfJobs:0 %} by default");
        var groups = judged.Where(answer => report.Answers > 0 && answer.Reward is not null).GroupBy(answer => answer.Trial.Row, answer => answer.Reward)
            .Where(row => row.Count() > 1).ToList();
        if (groups.Count > 0 && groups.All(row => row.Distinct().Count() == 1))
            yield return "no row has answers of different rewards: a job learns from differences within a row, and would learn nothing";
        // Two sums of the same rewards in another order may differ in their last bits.
        if (report.Exploits.HasTestedMean && report.Exploits.Best.FirstOrDefault() is { } best && best.Mean >= report.Exploits.TestedMean - 1e-12)
            yield return FormattableString.Invariant($"the same {FixedAnswers.Name(best)} for every row gets {best.Mean:0.000}, the tested answers {report.Exploits.TestedMean:0.000}: a job can learn to say just that");
        if (report.Exploits.Empty is { HasMean: true } empty && empty.Mean > options.EmptyMark)
            yield return FormattableString.Invariant($"the empty answer gets {empty.Mean:0.000}, above the mark of {options.EmptyMark}: a job can learn to say nothing");
    }
}

/// <summary>One call of the grader.</summary>
internal sealed record Trial(PromptRow Row, Sample Sample, double? Rating);

/// <summary>One call with what came of it.</summary>
internal sealed record Graded(Trial Trial, GradeResult Result)
{
    public double? Reward => (Result as GradeResult.Reward)?.Value;
}
