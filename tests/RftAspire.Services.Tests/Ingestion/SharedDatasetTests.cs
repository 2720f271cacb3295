using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Ingestion;

namespace RftAspire.Services.Tests.Ingestion;

/// <summary>The verdicts that the index of bad files asks for, and the sound data sets.</summary>
public sealed class SharedDatasetTests
{
    public static TheoryData<string> BadFiles() =>
        [.. Index().Select(entry => entry.GetProperty("file").GetString()!)];

    [SharedDataTheory]
    [MemberData(nameof(BadFiles))]
    public void Check_BadFile_GivesTheVerdictCodeAndLineOfTheIndex(string file)
    {
        var entry = Index().Single(entry => entry.GetProperty("file").GetString() == file);

        var report = Check($"bad/{file}", entry.TryGetProperty("pair", out var pair) ? $"bad/{pair.GetString()}" : null);

        Assert.Equal(entry.GetProperty("expected").GetString(), report.Verdict.ToString().ToLowerInvariant());
        if (report.Verdict == DatasetVerdict.Accept)
        {
            Assert.Empty(report.Findings);
            return;
        }
        var code = entry.GetProperty("code").GetString();
        Assert.Equal(Lines(entry.GetProperty("line")), report.Findings.Where(finding => finding.Code == code).Select(finding => finding.Line).Take(Lines(entry.GetProperty("line")).Length));
        Assert.Equal(code, report.Findings[0].Code);
    }

    [SharedDataFact]
    public void Check_LeakedRows_NamesTheTrainingLines()
    {
        var report = Check("bad/leak_exact.train.jsonl", "bad/leak_exact.valid.jsonl");

        Assert.Equal([(2, "line 3"), (4, "line 6")], report.Findings.Select(finding => (finding.Line!.Value, Training(finding.Message))));
    }

    [SharedDataFact]
    public void Check_GraderNeedsAColumnThatOneRowLacks_Rejects()
    {
        using var stream = File.OpenRead(SharedData.File("bad/missing_reference_column.jsonl"));

        var report = DatasetChecker.Check(stream, null, new DatasetCheckOptions { Columns = [new GraderColumn(DataPath.Parse("answer")!, ColumnKind.Value)] });

        Assert.Equal(DatasetVerdict.Reject, report.Verdict);
        Assert.Equal((5, "missing_column"), (report.Findings.Single().Line!.Value, report.Findings.Single().Code));
    }

    [SharedDataTheory]
    [InlineData("eurovoc", 400, 100)]
    [InlineData("gene", 600, 100)]
    [InlineData("icd10", 300, 80)]
    [InlineData("policy", 150, 50)]
    [InlineData("legalbench/abercrombie", 70, 30)]
    [InlineData("legalbench/diversity_3", 214, 92)]
    [InlineData("legalbench/hearsay", 70, 30)]
    [InlineData("legalbench/personal_jurisdiction", 36, 18)]
    [InlineData("legalbench/proa", 70, 30)]
    [InlineData("gsm8k", 500, 200)]
    public void Check_SoundDataset_IsNotRejected(string folder, int rows, int validationRows)
    {
        var report = Check($"{folder}/train.jsonl", folder == "gsm8k" ? "gsm8k/test.jsonl" : $"{folder}/valid.jsonl");

        Assert.NotEqual(DatasetVerdict.Reject, report.Verdict);
        Assert.Equal((rows, validationRows), (report.Rows, report.ValidationRows));
    }

    private static DatasetReport Check(string train, string? valid)
    {
        using var stream = File.OpenRead(SharedData.File(train));
        using var validation = valid is null ? null : File.OpenRead(SharedData.File(valid));
        return DatasetChecker.Check(stream, validation);
    }

    private static JsonElement.ArrayEnumerator Index() =>
        JsonElement.Parse(File.ReadAllBytes(SharedData.File("bad/index.json"))).EnumerateArray();

    private static int?[] Lines(JsonElement line) => line.ValueKind switch
    {
        JsonValueKind.Number => [line.GetInt32()],
        JsonValueKind.Object => [.. line.GetProperty("valid").EnumerateArray().Select(number => (int?)number.GetInt32())],
        _ => [null],
    };

    private static string Training(string message) => message.Split("is that of ")[1].Split(" of the training file")[0];
}
