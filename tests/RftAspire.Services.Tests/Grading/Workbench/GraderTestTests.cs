using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Grading;
using RftAspire.Grading.Workbench;

namespace RftAspire.Services.Tests.Grading.Workbench;

public sealed class GraderTestTests
{
    private const string Exact = """{"type":"string_check","name":"exact","operation":"eq","input":"{{sample.output_text}}","reference":"{{item.r}}"}""";
    private const string F1 = """{"type":"label_set","name":"f1","reference":"{{item.labels}}"}""";

    [Fact]
    public async Task Run_SomeAnswers_TellsTheirSpread()
    {
        // F1 of {A, B} against A, against A and B, against C: 2/3, 1, 0; and 2/3 again for a second answer to the first row.
        const string Both = """{"labels":["A","B"]}""";
        var report = await TestAsync(F1, [Row(1, """{"labels":["A"]}""", Both, Both), Row(2, """{"labels":["A","B"]}""", Both), Row(5, """{"labels":["C"]}""", Both)]);

        var rewards = report.Rewards;
        Assert.Equal((3, 4, 4), (report.Rows, report.Answers, rewards.Count));
        Assert.Equal((2.0 / 3 + 1 + 0) / 3, rewards.Mean, 12);
        Assert.Equal((0, 0.5, 2.0 / 3, 0.75, 1), (rewards.Min, Math.Round(rewards.LowerQuartile, 12), rewards.Median, Math.Round(rewards.UpperQuartile, 12), rewards.Max));
        // Deviations from 7/12: 1/12, 1/12, 5/12, -7/12.
        Assert.Equal(Math.Sqrt((1 + 1 + 25 + 49) / 144.0 / 3), rewards.Std, 12);
        Assert.Equal([1, 0, 0, 0, 0, 0, 2, 0, 0, 1], rewards.Histogram.Select(bin => bin.Count));
        Assert.InRange(rewards.Mean, rewards.Interval.Lower, rewards.Interval.Upper);
    }

    [Fact]
    public async Task Run_RewardsOutsideOfOne_AreBinnedFromLeastToGreatest()
    {
        var report = await TestAsync(Multi("10 * a - 5", "a"), [Row(1, """{"r":"x"}""", "x", "y"), Row(2, """{"r":"x"}""", "x")]);

        Assert.Equal((-5, 5), (report.Rewards.Histogram[0].From, report.Rewards.Histogram[^1].To));
        Assert.Equal((1, 2), (report.Rewards.Histogram[0].Count, report.Rewards.Histogram[^1].Count));
    }

    [Fact]
    public async Task Run_UngradedAnswers_CountByKindWithTheFirstLine()
    {
        var report = await TestAsync(F1, [Row(3, """{"labels":["A"]}""", "x"), Row(4, "{}", "x", "x"), Row(7, """{"labels":1}""", "x")]);

        var ungraded = Assert.Single(report.Ungraded);
        Assert.Equal(("invalid_reference", 3, 4), (ungraded.Kind, ungraded.Count, ungraded.Line));
        Assert.Contains("item.labels is missing", ungraded.Message, StringComparison.Ordinal);
        Assert.Equal((1, 0, 3), (report.Rewards.Count, report.Rewards.Max, report.Parts.Single().Ungraded));
        Assert.Contains(report.Warnings, warning => warning.StartsWith("75.0 % of the answers are ungraded", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_Multi_TellsEachPartAndItsCost()
    {
        var report = await TestAsync(Multi("0.5 * a + 0.5 * b", "a", "b"), [Row(1, """{"r":"x"}""", "x"), Row(2, """{"r":"y"}""", "z")], new TestOptions { Steps = 10, RolloutsPerStep = 8 });

        Assert.Equal([("a", 0.5, 2), ("b", 0.5, 2)], report.Parts.Select(part => (part.Name, part.Mean, part.Count)));
        var cost = report.Parts[0].Cost;
        Assert.Equal(2 + report.Exploits.Tried * 2, cost.Calls);
        Assert.Equal((80, 0), (report.Parts[0].Job.Calls, report.Parts[0].Job.PromptTokens));
        Assert.Equal(cost.Seconds / cost.Calls * 80, report.Parts[0].Job.Seconds, 12);
    }

    [Fact]
    public async Task Run_GraderThatContainsTheReference_IsGamedByTheEchoOfThePrompt()
    {
        var grader = Exact.Replace("\"eq\"", "\"like\"", StringComparison.Ordinal);
        var report = await TestAsync(grader, [Row(1, """{"r":"red"}""", "red"), Row(2, """{"r":"blue"}""", "green")]);

        var best = report.Exploits.Best[0];
        Assert.Equal(("prompt", false, 1.0, 2), (best.Kind, best.HasAnswer, best.Mean, best.Count));
        Assert.Equal(0.5, report.Exploits.TestedMean);
        Assert.Contains(report.Warnings, warning => warning.Contains("the same echo of the prompt for every row gets 1.000, the tested answers 0.500", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_GraderThatRewardsSilence_WarnsOfTheEmptyAnswer()
    {
        var grader = Exact.Replace("\"eq\"", "\"ne\"", StringComparison.Ordinal);
        AnsweredRow[] rows = [Row(1, """{"r":"red"}""")];

        var strict = await TestAsync(grader, rows);
        var mild = await TestAsync(grader, rows, new TestOptions { EmptyMark = 1 });

        Assert.Equal((1, ""), (strict.Exploits.Empty.Mean, strict.Exploits.Empty.Answer));
        Assert.Contains("the empty answer gets 1.000, above the mark of 0", Assert.Single(strict.Warnings), StringComparison.Ordinal);
        Assert.Empty(mild.Warnings);
    }

    [Fact]
    public async Task Run_SoundAnswers_WarnOfNothing()
    {
        var report = await TestAsync(Exact, [Row(1, """{"r":"a"}""", "a"), Row(2, """{"r":"b"}""", "b"), Row(3, """{"r":"b"}""", "b")]);

        Assert.Empty(report.Warnings);
        Assert.Equal(("constant", "b", 2.0 / 3), (report.Exploits.Best[0].Kind, report.Exploits.Best[0].Answer, report.Exploits.Best[0].Mean));
        Assert.Equal(0, report.Exploits.Empty.Mean);
    }

    [Fact]
    public async Task Run_GroupsOfEqualRewards_WarnThatNothingIsLearned()
    {
        var report = await TestAsync(Exact, [Row(1, """{"r":"a"}""", "a", "a"), Row(2, """{"r":"b"}""", "x", "y")]);

        Assert.Contains(report.Warnings, warning => warning.StartsWith("no row has answers of different rewards", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_ManyRows_TriesFixedAnswersOnAsManyAsAsked()
    {
        AnsweredRow[] rows = [.. Enumerable.Range(1, 30).Select(line => Row(line, $$"""{"r":"{{line % 3}}"}""", line <= 15 ? "0" : "never"))];

        var report = await TestAsync(Exact, rows, new TestOptions { ExploitRows = 10 });

        // Lines 1, 4, ... 28: every reference is "1", which no answer gives.
        Assert.Equal((10, "1", 1.0, 10, 0.0), (report.Exploits.Rows, report.Exploits.Best[0].Answer, report.Exploits.Best[0].Mean, report.Exploits.Best[0].Count, report.Exploits.TestedMean));
    }

    [Fact]
    public async Task Run_GraderThatAsksModels_IsAskedSparingly()
    {
        AnsweredRow[] rows = [.. Enumerable.Range(1, 100).Select(line => Row(line, $$"""{"r":"{{line}}"}"""))];

        var report = await new GraderTest(new Asking(), new GraderFactory().Parse(Exact), new TestOptions()).RunAsync(rows, default);

        // Ten canaries, the prompt among them, and eight of the hundred references.
        Assert.Equal((32, 18), (report.Exploits.Rows, report.Exploits.Tried));
    }

    [Theory]
    [InlineData(null, 3.0 / 4, 0.5)]
    [InlineData(0.8, 1, 1)]
    public async Task Run_Ratings_AreComparedAsClassesAndAsRanks(double? mark, double accuracy, double kappa)
    {
        // Rewards 1, 2/3, 0, 0 and ratings 0.9, 0.4, 0, 0.1; as whole numbers 1, 1, 0, 0 and 1, 0, 0, 0, from 0.8 on 1, 0, 0, 0 twice.
        AnsweredRow[] rows =
        [
            Rated(1, 0.9, """{"labels":["A"]}"""), Rated(2, 0.4, """{"labels":["A","B"]}"""), Rated(3, 0, """{"labels":["B"]}"""), Rated(4, 0.1, ""), Rated(5, null, ""),
        ];
        var options = new TestOptions();
        if (mark is { } pass) options.PassMark = pass;

        var agreement = (await TestAsync(F1, rows, options)).Agreement;

        Assert.Equal(4, agreement.Spearman.N);
        Assert.Equal(accuracy, agreement.Accuracy.Value, 12);
        Assert.Equal(kappa, agreement.Kappa.Value, 12);
        // Ranks 4, 3, 1.5, 1.5 and 4, 3, 1, 2: 4.5 / sqrt(4.5 * 5).
        Assert.Equal(4.5 / Math.Sqrt(22.5), agreement.Spearman.Value, 12);
        Assert.InRange(agreement.Accuracy.Value, agreement.Accuracy.Interval.Lower, agreement.Accuracy.Interval.Upper);
    }

    [Fact]
    public async Task Run_SameInput_GivesTheSameReportButForSeconds()
    {
        AnsweredRow[] rows = [.. Enumerable.Range(1, 40).Select(line => new AnsweredRow(Row(line, """{"labels":["A"]}""").Row, [new RatedAnswer(line % 3 == 0 ? """{"labels":["A"]}""" : "", line % 2)]))];

        var (first, second) = (await TestAsync(F1, rows), await TestAsync(F1, rows));
        foreach (var part in first.Parts.Concat(second.Parts)) (part.Cost.Seconds, part.Job.Seconds) = (0, 0);

        Assert.Equal(first, second);
    }

    [Fact]
    public async Task Run_Cancelled_Throws()
    {
        var test = new GraderTest(GraderDefinition.Parse(Exact), new GraderFactory().Parse(Exact), new TestOptions());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.RunAsync([Row(1, """{"r":"a"}""", "a")], new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Run_Progress_CountsEveryCall()
    {
        var told = new System.Collections.Concurrent.ConcurrentBag<(int Done, int Total)>();
        var test = new GraderTest(GraderDefinition.Parse(Exact), new GraderFactory().Parse(Exact), new TestOptions(), (done, total) => told.Add((done, total)));

        var report = await test.RunAsync([Row(1, """{"r":"a"}""", "a")], default);

        var total = 1 + report.Exploits.Tried;
        Assert.Equal(Enumerable.Range(1, total).Select(done => (done, total)), told.Order());
    }

    private static Task<TestReport> TestAsync(string grader, AnsweredRow[] rows, TestOptions? options = null) =>
        new GraderTest(GraderDefinition.Parse(grader), new GraderFactory().Parse(grader), options ?? new TestOptions()).RunAsync(rows, default);

    private static string Multi(string formula, params string[] names) => JsonSerializer.Serialize(new
    {
        type = "multi",
        graders = names.ToDictionary(name => name, _ => JsonElement.Parse(Exact)),
        calculate_output = formula,
    });

    private static AnsweredRow Rated(int line, double? rating, string answer) => new(Row(line, """{"labels":["A"]}""").Row, [new RatedAnswer(answer, rating)]);

    private static AnsweredRow Row(int line, string item, params string[] answers) => new(
        new PromptRow { Line = line, Item = JsonElement.Parse(item), Messages = [new PromptMessage("user", "red, green or blue?")] },
        [.. answers.Select(answer => new RatedAnswer(answer, null))]);

    private sealed record Asking() : GraderDefinition("asking")
    {
        public override bool NeedsPlatform => true;

        public override IEnumerable<RftAspire.Contracts.Graders.GraderColumn> Columns => [];
    }
}
