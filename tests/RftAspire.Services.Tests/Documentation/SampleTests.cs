using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using RftAspire.Services.Tests.Architecture;

namespace RftAspire.Services.Tests.Documentation;

/// <summary>What the sample's README says of its files.</summary>
public sealed partial class SampleTests
{
    private static readonly HashSet<string> s_stockWords = [.. """
        regulation directive decision council european parliament commission eu ec eec no of the and on for in to a an by laying down
        with as at from certain establishing concerning amending repealing
        january february march april may june july august september october november december
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];

    private static readonly MarkdownFile s_readme = new("samples/eurovoc/README.md");
    private static readonly Row[] s_rows = [.. new[] { "train", "valid", "heldout" }.SelectMany(Read)];

    [Fact]
    public void Tables_OfTheReadme_CountTheFiles()
    {
        foreach (var file in s_rows.GroupBy(row => row.File))
        {
            var byLabels = string.Join(" | ", Enumerable.Range(1, 3).Select(labels => file.Count(row => row.Labels.Length == labels)));
            Assert.Contains($"| `{file.Key}.jsonl` | {file.Count()} | {byLabels} | {Mean(file)} |", s_readme.Lines);
        }
        foreach (var domain in s_rows.SelectMany(row => row.Labels).Distinct())
            Assert.Contains($"| {domain} | {Count("train", domain)} | {Count("valid", domain)} | {Count("heldout", domain)} |", s_readme.Lines);
    }

    [Fact]
    public void Titles_OfAnyTwoRows_ShareLessThanHalfOfTheirWords()
    {
        var words = s_rows.Select(row => Word().Matches(row.Title.ToLowerInvariant()).Select(word => word.Value).Where(word => !s_stockWords.Contains(word)).ToHashSet()).ToArray();

        for (var i = 0; i < words.Length; i++)
            for (var j = 0; j < i; j++)
                Assert.True(Jaccard(words[i], words[j]) < 0.5, $"{s_rows[i].Title} / {s_rows[j].Title}");
    }

    [Fact]
    public void Acts_OfAllFiles_OccurOnce() => Assert.Equal(s_rows.Length, s_rows.Select(row => row.Celex).Distinct().Count());

    private static double Jaccard(HashSet<string> one, HashSet<string> other)
    {
        var common = one.Count(other.Contains);
        return (double)common / (one.Count + other.Count - common);
    }

    private static int Count(string file, string domain) => s_rows.Count(row => row.File == file && row.Labels.Contains(domain));

    private static string Mean(IEnumerable<Row> rows) => rows.Average(row => row.Labels.Length).ToString("0.00", CultureInfo.InvariantCulture);

    private static IEnumerable<Row> Read(string file) => File.ReadLines(Path.Combine(Repository.Root.FullName, "samples", "eurovoc", file + ".jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement)
        .Select(row => new Row(file, row.GetProperty("celex").GetString()!, row.GetProperty("title").GetString()!,
            [.. row.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!)]));

    private sealed record Row(string File, string Celex, string Title, string[] Labels);

    [GeneratedRegex("[a-z0-9]+")]
    private static partial Regex Word();
}
