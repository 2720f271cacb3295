using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Grading;

namespace RftAspire.Cli.Evals;

public sealed record ComparisonSetup(int Samples, int MaxTokens, long Seed);

/// <summary>One model's answers to one dataset: a greedy one a row, and sampled ones unless they were skipped.</summary>
public sealed record ModeAnswers(string[][] Greedy, string[][]? Sampled);

/// <summary>A model: answers to every dataset, in their order.</summary>
public delegate IReadOnlyList<ModeAnswers> AnswerData(IReadOnlyList<EvalData> data);

/// <summary>Scores of one way to answer, before and after.</summary>
public sealed record ModeComparison(string Mode, Evaluation Base, Evaluation Tuned, long Seed)
{
    public Estimate BaseMean => Base.Estimate(Seed);
    public Estimate TunedMean => Tuned.Estimate(Seed);
    public Estimate Gain => Tuned.GainOver(Base, Seed);
}

/// <summary>Base and tuned model on one dataset; the first mode is the greedy one.</summary>
public sealed record Comparison(EvalData Data, IReadOnlyList<ModeComparison> Modes, ConstantAnswer? Constant)
{
    public static IReadOnlyList<Comparison> Of(
        IReadOnlyList<EvalData> data, EvalGrader grader, ComparisonSetup setup, AnswerData baseModel, AnswerData tunedModel)
    {
        var (before, after) = (baseModel(data), tunedModel(data));
        return [.. data.Select((file, i) => new Comparison(
            file,
            [.. CompareModes(file, grader.Grader, setup, before[i], after[i])],
            EvalStatistics.BestConstantAnswer(grader.Grader, file.Items)))];
    }

    /// <summary>So many rows, evenly spread: chosen by their place, never by how well they came out.</summary>
    public IEnumerable<Example> Examples(int count, EvalGrader grader)
    {
        var prompts = VaryingPart.Of([.. Data.Rows.Select(row => row.Messages[^1].Content)]);
        var (before, after) = (Modes[0].Base.Rows, Modes[0].Tuned.Rows);
        count = Math.Min(count, Data.Rows.Count);
        return Enumerable.Range(0, count)
            .Select(i => i * Data.Rows.Count / count)
            .Select(at => new Example(Data.Rows[at].Line, prompts[at], Reference(Data.Rows[at], grader.Definition), before[at].Answers[0], after[at].Answers[0]));
    }

    private static IEnumerable<ModeComparison> CompareModes(EvalData file, IGrader grader, ComparisonSetup setup, ModeAnswers before, ModeAnswers after)
    {
        yield return new("greedy", Evaluation.Of(file.Rows, before.Greedy, grader), Evaluation.Of(file.Rows, after.Greedy, grader), setup.Seed);
        if (before.Sampled is null || after.Sampled is null) yield break;
        yield return new("sampled", Evaluation.Of(file.Rows, before.Sampled, grader), Evaluation.Of(file.Rows, after.Sampled, grader), setup.Seed);
    }

    private static string Reference(PromptRow row, GraderDefinition grader) => string.Join("; ", grader.Columns
        .Select(column => column.Path.Split('.').Aggregate(row.Item, (value, name) => value.GetProperty(name)))
        .Select(value => value.ValueKind == System.Text.Json.JsonValueKind.String ? value.GetString()! : value.GetRawText()));
}

/// <summary>One row with the answers before and after.</summary>
public sealed record Example(int Line, string Prompt, string Reference, GradedAnswer Base, GradedAnswer Tuned);
