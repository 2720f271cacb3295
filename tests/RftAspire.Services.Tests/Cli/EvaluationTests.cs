using System.Text.Json;
using RftAspire.Cli.Evals;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Grading;
using Spectre.Console;

namespace RftAspire.Services.Tests.Cli;

public class EvaluationTests
{
    private static readonly EvalGrader s_grader = Grader("""{"type":"label_set","name":"f1","reference":"{{item.labels}}"}""");

    [Fact]
    public async Task Of_SeveralSamples_ScoresARowByTheirMean()
    {
        var evaluation = await Evaluation.OfAsync([Row(1, "Law")], [["""{"labels":["Law"]}""", "no answer"]], s_grader.Grader, default);
        Assert.Equal([0.5], evaluation.Scores);
    }

    [Fact]
    public async Task Of_RowThatCannotBeGraded_CountsInNoMean()
    {
        var broken = Row(2) with { Item = JsonElement.Parse("""{"labels":"Law"}""") };
        var evaluation = await Evaluation.OfAsync([Row(1, "Law"), broken], [["""{"labels":["Law"]}"""], ["x"]], s_grader.Grader, default);
        Assert.Equal([1.0], evaluation.Scores);
        Assert.Equal(1, evaluation.Ungraded["invalid_reference"]);
    }

    [Theory]
    [InlineData(-0.001, "+0.000 [+0.00, +0.00]", 0.0001)]
    [InlineData(-0.0567, "-0.057 [-0.06, -0.06]", 1)]
    [InlineData(0.25, "+0.250 [+0.25, +0.25]", 1)]
    public void AsGain_AnySign_PrintsOneSign(double value, string expected, double scale) =>
        Assert.Equal(expected, new Estimate(value * scale, value, value).AsGain());

    [Fact]
    public void Estimate_NothingGraded_HasNoMean()
    {
        Assert.Null(new Evaluation([]).Estimate(0).JsonMean);
    }

    [Fact]
    public async Task ToJson_Greedy_HasTheDocumentedShape()
    {
        var rows = new[] { Row(1, "Law"), Row(3, "Trade") };
        var evaluation = await Evaluation.OfAsync(rows, [["""{"labels":["Law"]}"""], ["?"]], s_grader.Grader, default);
        var constant = await EvalStatistics.BestConstantAnswerAsync(s_grader.Grader, [.. rows.Select(row => row.Item)], default);
        var document = JsonDocument.Parse(EvalReport.ToJson(evaluation, evaluation.Estimate(0), constant, samples: 0).ToJsonString()).RootElement;
        Assert.Equal(["mean", "interval", "n", "samples", "best", "rows", "constant", "ungraded"], document.EnumerateObject().Select(field => field.Name));
        Assert.Equal((0.5, 2), (document.GetProperty("mean").GetDouble(), document.GetProperty("n").GetInt32()));
        Assert.Equal("""{"line":3,"score":0,"output":"?"}""", document.GetProperty("rows")[1].GetRawText());
        Assert.Equal(2.0 / 3, document.GetProperty("constant").GetProperty("mean").GetDouble(), 12);
    }

    [Fact]
    public async Task Compare_BetterModel_HasAPairedGain()
    {
        var comparison = Assert.Single(await CompareAsync(rows: 8));
        var greedy = comparison.Modes[0];
        Assert.Equal((0, 1, 1), (greedy.BaseMean.Mean, greedy.TunedMean.Mean, greedy.Gain.Mean));
        Assert.Equal((1, 1), (greedy.Gain.Low, greedy.Gain.High));
        Assert.Equal(["greedy", "sampled"], comparison.Modes.Select(mode => mode.Mode));
    }

    [Fact]
    public async Task Examples_ThreeOfEight_AreSpreadByPlace()
    {
        var examples = (await CompareAsync(rows: 8))[0].Examples(3, s_grader).ToList();
        Assert.Equal([1, 3, 6], examples.Select(example => example.Line));
        Assert.Equal("number-2", examples[1].Prompt);
        Assert.Equal("""["Law"]""", examples[1].Reference);
        Assert.Equal((0, 1), (examples[1].Base.Score, examples[1].Tuned.Score));
    }

    [Fact]
    public async Task Print_Comparison_FitsAHundredColumns()
    {
        var writer = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Ansi = AnsiSupport.No });
        console.Profile.Width = 200;
        CompareTable.Print(console, await CompareAsync(rows: 8), s_grader, examples: 3);
        var lines = writer.ToString().Split('\n');
        Assert.All(lines, line => Assert.InRange(line.TrimEnd().Length, 0, 100));
        Assert.Contains(lines, line => line.Contains("+1.000 [+1.00, +1.00]", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("held-out, line 6", StringComparison.Ordinal));
    }

    private static Task<IReadOnlyList<Comparison>> CompareAsync(int rows)
    {
        var data = new EvalData("held-out", [.. Enumerable.Range(0, rows).Select(i => Row(i + 1, "Law") with
        {
            Messages = [new PromptMessage("user", $"Label this: number-{i} and answer as JSON.")],
        })]);
        return Comparison.OfAsync([data], s_grader, new(Samples: 2, MaxTokens: 8, Seed: 0), Always("none"), Always("""{"labels":["Law"]}"""), default);
    }

    private static AnswerData Always(string text) => data => [.. data.Select(file => new ModeAnswers(
        [.. file.Rows.Select(_ => new[] { text })],
        [.. file.Rows.Select(_ => new[] { text, text })]))];

    private static PromptRow Row(int line, params string[] labels) => new()
    {
        Messages = [new PromptMessage("user", "Label this.")],
        Item = JsonSerializer.SerializeToElement(new { labels }),
        Line = line,
    };

    private static EvalGrader Grader(string json) => new(GraderDefinition.Parse(json), new GraderFactory().Parse(json));
}
