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
    public static async Task<IReadOnlyList<Comparison>> OfAsync(
        IReadOnlyList<EvalData> data, EvalGrader grader, ComparisonSetup setup, AnswerData baseModel, AnswerData tunedModel, CancellationToken cancellation)
    {
        var (before, after) = (baseModel(data), tunedModel(data));
        var comparisons = new List<Comparison>();
        foreach (var (i, file) in data.Index())
        {
            var modes = await CompareModesAsync(file, grader.Grader, setup, before[i], after[i], cancellation);
            comparisons.Add(new Comparison(file, modes, await EvalStatistics.BestConstantAnswerAsync(grader.Grader, file.Items, cancellation)));
        }
        return comparisons;
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

    private static async Task<IReadOnlyList<ModeComparison>> CompareModesAsync(
        EvalData file, IGrader grader, ComparisonSetup setup, ModeAnswers before, ModeAnswers after, CancellationToken cancellation)
    {
        var greedy = await CompareAsync("greedy", before.Greedy, after.Greedy);
        return before.Sampled is null || after.Sampled is null ? [greedy] : [greedy, await CompareAsync("sampled", before.Sampled, after.Sampled)];

        async Task<ModeComparison> CompareAsync(string mode, string[][] early, string[][] late) => new(
            mode, await Evaluation.OfAsync(file.Rows, early, grader, cancellation), await Evaluation.OfAsync(file.Rows, late, grader, cancellation), setup.Seed);
    }

    private static string Reference(PromptRow row, GraderDefinition grader) => string.Join("; ", grader.Columns
        .Select(column => column.Path.Find(row.Item)).OfType<System.Text.Json.JsonElement>()
        .Select(value => value.ValueKind == System.Text.Json.JsonValueKind.String ? value.GetString()! : value.GetRawText()));
}

/// <summary>One row with the answers before and after.</summary>
public sealed record Example(int Line, string Prompt, string Reference, GradedAnswer Base, GradedAnswer Tuned);
