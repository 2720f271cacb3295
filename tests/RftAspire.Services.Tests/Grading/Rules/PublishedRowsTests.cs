using System.Text.Json;
using RftAspire.Grading;
using RftAspire.Services.Tests.Ingestion;

namespace RftAspire.Services.Tests.Grading.Rules;

/// <summary>Graders on whole data sets: every row's own answer is right, and no constant answer comes near.</summary>
public sealed class PublishedRowsTests
{
    [SharedDataTheory]
    [InlineData("policy/train.jsonl", """{"rules":{{rules}}}""", """{"type":"label_set","reference":"{{item.rules}}","output":"rules","empty":1}""")]
    [InlineData("gene/valid.jsonl", """{"genes":{{ranked_answers}}}""", """{"type":"ranking","reference":"{{item.gene}}","output":"genes","metric":"reciprocal_rank"}""")]
    [InlineData("gsm8k/train.jsonl", "So 7 of them make {{answer}}.", """{"type":"numeric","input":"{{sample.output_text}}","reference":"{{item.answer}}","extract":"last"}""")]
    [InlineData("icd10/valid.jsonl", "It is {{code}}.", """{"type":"regex","input":"{{sample.output_text}}","pattern":"([A-Z][0-9][A-Z0-9.]*)","reference":"{{item.code}}"}""")]
    public void Grade_RowsOwnAnswer_IsOneAndConstantsAreNot(string file, string answer, string json)
    {
        var grader = new GraderFactory().Parse(json);
        var rows = File.ReadLines(SharedData.File(file)).Select(line => JsonElement.Parse(line)).ToArray();
        var column = answer.Split("{{")[1].Split("}}")[0];

        Assert.All(rows, row => Assert.Equal(1, grader.Reward(row.GetRawText(), answer.Replace($"{{{{{column}}}}}", row.GetProperty(column).GetRawText().Trim(), StringComparison.Ordinal))));
        var constants = grader.ConstantAnswers(rows).Take(8);
        Assert.InRange(constants.Max(constant => rows.Average(row => grader.Reward(row.GetRawText(), constant))), 0.001, 0.5);
    }

    // The rest ends in a sentence with another number, as people do.
    [SharedDataFact]
    public void Grade_WorkedSolutions_EndInTheirAnswer()
    {
        var grader = new GraderFactory().Parse("""{"type":"numeric","input":"{{sample.output_text}}","reference":"{{item.answer}}","extract":"last"}""");
        var rows = File.ReadLines(SharedData.File("gsm8k/train.jsonl")).ToArray();

        Assert.InRange(rows.Average(row => grader.Reward(row, JsonElement.Parse(row).GetProperty("solution").GetString()!)), 0.96, 1);
    }
}
