using System.Diagnostics;
using RftAspire.Grading.Text;

namespace RftAspire.Services.Tests.Grading.Text;

/// <summary>What holds of every metric and every text.</summary>
public sealed class TextMetricTests
{
    private const int Rounds = 400;
    private static readonly string[] s_pieces =
    [
        "a", "b", "the", "running", "runs", "A", " ", " ", "\n", "\t", ".", ",", "_", "1", "3.5", "\0", "é", "e\u0301", "ß", "İ", "Σ",
        "привет", "你", "好", "ไทย", "हिन्दी", "ㄅ", "한국", "عربي", "😀", "👩‍👩‍👧", "\ud83d", "\ude00", "\ufffd", "\ufeff", "\u200d", "𠀀", "Ⅷ", "½",
    ];

    private static readonly Dictionary<string, Func<string, string, double>> s_metrics = new()
    {
        ["fuzzy_match"] = Fuzzy.Match,
        ["bleu"] = Bleu.Score,
        ["gleu"] = Bleu.Google,
        ["meteor"] = Meteor.Score,
        ["cosine"] = Cosine.Similarity,
        ["rouge_1"] = (one, other) => Rouge.Runs(one, other, 1),
        ["rouge_2"] = (one, other) => Rouge.Runs(one, other, 2),
        ["rouge_5"] = (one, other) => Rouge.Runs(one, other, 5),
        ["rouge_l"] = Rouge.LongestCommon,
    };

    public static TheoryData<string> Metrics => [.. s_metrics.Keys];

    public static TheoryData<string> SymmetricMetrics => [.. s_metrics.Keys.Except(["bleu", "meteor"])];

    [Theory]
    [MemberData(nameof(Metrics))]
    public void Metric_AnyText_IsFrom0To1AndTheSameAgain(string metric)
    {
        foreach (var (one, other) in Pairs())
        {
            var value = s_metrics[metric](one, other);

            Assert.InRange(value, 0, 1);
            Assert.Equal(value, s_metrics[metric](one, other));
        }
    }

    [Theory]
    [MemberData(nameof(SymmetricMetrics))]
    public void Metric_TextsSwapped_IsTheSame(string metric) =>
        Assert.All(Pairs(), pair => Assert.Equal(s_metrics[metric](pair.One, pair.Other), s_metrics[metric](pair.Other, pair.One)));

    [Theory]
    [MemberData(nameof(Metrics))]
    public void Metric_TextWithItself_IsHighest(string metric) => Assert.All(Pairs(), pair =>
    {
        // METEOR lacks half a match cubed; five words make sure of a run of five.
        var text = pair.One + " some five words of text";

        Assert.InRange(s_metrics[metric](text, text), metric == "meteor" ? 0.996 : 1, 1);
    });

    [Theory]
    [MemberData(nameof(Metrics))]
    public void Metric_MegabyteOfText_TakesSeconds(string metric)
    {
        var random = new Random(3);
        string one = Text(random, 400_000), other = Text(random, 400_000);
        var watch = Stopwatch.StartNew();

        Assert.InRange(s_metrics[metric](one, other), 0, 1);
        Assert.InRange(s_metrics[metric](one, one[..50_000]), 0, 1);
        // Generous: both take about a second on an idle core.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void Length_RandomSymbols_IsThatOfTheWholeTable()
    {
        var random = new Random(4);
        for (var round = 0; round < Rounds; round++)
        {
            var alphabet = random.Next(1, 40);
            int[] one = Symbols(random, alphabet), other = Symbols(random, alphabet);
            var row = new int[other.Length];
            CommonSubsequence.WithPrefixes(one, other, alphabet, row);

            Assert.Equal(LastRow(one, other), row);
            Assert.Equal(row.LastOrDefault(), CommonSubsequence.Length(one, other, alphabet));
        }
    }

    private static int[] Symbols(Random random, int alphabet) =>
        [.. Enumerable.Range(0, random.Next(0, 200)).Select(_ => random.Next(alphabet))];

    // The textbook's table, a row at a time.
    private static int[] LastRow(int[] one, int[] other)
    {
        var row = new int[other.Length + 1];
        foreach (var symbol in one)
        {
            var above = (int[])row.Clone();
            for (var column = 1; column < row.Length; column++)
                row[column] = symbol == other[column - 1] ? above[column - 1] + 1 : Math.Max(above[column], row[column - 1]);
        }
        return row[1..];
    }

    private static IEnumerable<(string One, string Other)> Pairs()
    {
        var random = new Random(2);
        for (var round = 0; round < Rounds; round++) yield return (Text(random, random.Next(12)), Text(random, random.Next(40)));
    }

    private static string Text(Random random, int pieces) =>
        string.Concat(Enumerable.Range(0, pieces).Select(_ => s_pieces[random.Next(s_pieces.Length)]));
}
