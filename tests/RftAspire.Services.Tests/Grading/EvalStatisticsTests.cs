using System.Text.Json;
using RftAspire.Grading;
using RftAspire.Ingestion;
using RftAspire.Services.Tests.Ingestion;

namespace RftAspire.Services.Tests.Grading;

public sealed class EvalStatisticsTests
{
    private const string F1 = """{"type":"label_set","name":"f1","reference":"{{item.labels}}","beta":1}""";

    [Fact]
    public void BootstrapInterval_EqualScores_IsThatScore() =>
        Assert.Equal(new Interval(0.25, 0.25), EvalStatistics.BootstrapInterval([0.25, 0.25, 0.25, 0.25], seed: 1));

    [Fact]
    public void BootstrapInterval_TwoScores_SpansBoth() =>
        // A draw of two from {0, 1} has mean 0 with probability 1/4.
        Assert.Equal(new Interval(0, 1), EvalStatistics.BootstrapInterval([0, 1], seed: 1));

    [Fact]
    public void BootstrapInterval_HundredCoins_IsTheNormalInterval()
    {
        double[] scores = [.. Enumerable.Range(0, 100).Select(i => (double)(i % 2))];

        var interval = EvalStatistics.BootstrapInterval(scores, seed: 5);

        // Standard error 0.05: 0.5 ± 0.098; the means lie on a grid of 0.01.
        Assert.InRange(interval.Lower, 0.385, 0.415);
        Assert.InRange(interval.Upper, 0.585, 0.615);
    }

    [Fact]
    public void BootstrapInterval_SameSeed_IsTheSameToTheLastBit()
    {
        double[] scores = [.. Enumerable.Range(0, 50).Select(i => Math.Sqrt(i))];

        Assert.Equal(EvalStatistics.BootstrapInterval(scores, 3), EvalStatistics.BootstrapInterval(scores, 3));
        Assert.NotEqual(EvalStatistics.BootstrapInterval(scores, 3), EvalStatistics.BootstrapInterval(scores, 4));
    }

    [Fact]
    public void PairedBootstrapInterval_EqualGains_IgnoresTheSpreadOfTheRows() =>
        Assert.Equal(new Interval(0.5, 0.5), EvalStatistics.PairedBootstrapInterval([0, 0.25, 0.5], [0.5, 0.75, 1], seed: 1));

    [Fact]
    public void PairedBootstrapInterval_OtherNumberOfRows_Throws() =>
        Assert.Throws<ArgumentException>(() => EvalStatistics.PairedBootstrapInterval([0], [0, 1], seed: 1));

    [Fact]
    public async Task BestConstantAnswerAsync_LabelSets_FindsTheBestSet()
    {
        // {A, B} scores 2/3, 1, 2/3; {A} or {B} alone 1, 2/3, 0.
        var best = (await EvalStatistics.BestConstantAnswerAsync(new GraderFactory().Parse(F1), Items("""{"labels":["A"]}""", """{"labels":["B","A"]}""", """{"labels":["B"]}""", "{}"), default))!;

        Assert.Equal("""{"labels":["A","B"]}""", best.Text);
        Assert.Equal(7.0 / 9, best.Mean, 12);
    }

    [Theory]
    [InlineData("eq", "{{sample.output_text}}", "B", 2.0 / 3)]
    [InlineData("eq", "{{sample.output_json.x}}", """{"x":"B"}""", 2.0 / 3)]
    [InlineData("ne", "{{sample.output_text}}", "", 1)]
    public async Task BestConstantAnswerAsync_StringCheck_IsTheBestOfTheReferences(string operation, string input, string answer, double mean)
    {
        var grader = new GraderFactory().Parse(JsonSerializer.Serialize(new { type = "string_check", name = "n", operation, input, reference = "{{item.r}}" }));

        var best = (await EvalStatistics.BestConstantAnswerAsync(grader, Items("""{"r":"A"}""", """{"r":"B"}""", """{"r":"B"}"""), default))!;

        Assert.Equal(answer, best.Text);
        Assert.Equal(mean, best.Mean, 12);
    }

    [Fact]
    public async Task BestConstantAnswerAsync_NoRowCanBeGraded_IsNull() =>
        Assert.Null(await EvalStatistics.BestConstantAnswerAsync(new GraderFactory().Parse(F1), Items("{}"), default));

    [SharedDataFact]
    public async Task BestConstantAnswerAsync_EuroVoc_ReachesThePublishedFloor()
    {
        using var valid = File.OpenRead(SharedData.File("eurovoc/valid.jsonl"));
        JsonElement[] items = [.. DatasetPrompts.Read(valid).Select(row => row.Item)];

        var best = (await EvalStatistics.BestConstantAnswerAsync(new GraderFactory().Parse(F1), items, default))!;

        // The data set's notes give 0.44 for its five commonest labels.
        Assert.InRange(best.Mean, 0.435, 0.5);
    }

    private static JsonElement[] Items(params string[] rows) => [.. rows.Select(row => JsonElement.Parse(row))];
}
