using System.Globalization;
using Spectre.Console;

namespace RftAspire.Cli.Evals;

/// <summary>A comparison for people, in 100 columns.</summary>
public static class CompareTable
{
    private const int Width = 100;
    private const int PromptLength = 240;

    public static void Print(IAnsiConsole console, IReadOnlyList<Comparison> comparisons, EvalGrader grader, int examples)
    {
        console.Profile.Width = Math.Min(console.Profile.Width, Width);
        console.Write(Scores(comparisons));
        console.MarkupLine("[grey]mean score with its bootstrap 95 % interval over rows; the gain is paired by row;\nconstant is the best that one and the same answer to every row reaches[/]");
        foreach (var comparison in comparisons) PrintUngraded(console, comparison);
        foreach (var example in comparisons[^1].Examples(examples, grader)) Print(console, comparisons[^1].Data.Label, example);
    }

    private static Table Scores(IReadOnlyList<Comparison> comparisons)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("data", "answers", "base", "tuned", "gain");
        foreach (var comparison in comparisons)
        {
            if (table.Rows.Count > 0) table.AddEmptyRow();
            var data = $"{comparison.Data.Label} ({comparison.Data.Rows.Count})";
            foreach (var mode in comparison.Modes)
            {
                table.AddRow(new Text(data), new Text(mode.Mode), new Text(mode.BaseMean.ToString()), new Text(mode.TunedMean.ToString()),
                    new Text(mode.Gain.AsGain(), Colour(mode.Gain)));
                data = "";
            }
            if (comparison.Constant is { } constant)
                table.AddRow(data, "constant", Three(constant.Mean), "", $"tuned greedy {Signed(comparison.Modes[0].TunedMean.Mean - constant.Mean)}");
        }
        return table;
    }

    private static string Three(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Signed(double value) => Estimate.WithSign(value, 3);

    private static Style Colour(Estimate gain) => gain switch
    {
        { Low: > 0 } => new Style(Color.Green, decoration: Decoration.Bold),
        { High: < 0 } => new Style(Color.Red, decoration: Decoration.Bold),
        _ => new Style(Color.Yellow),
    };

    private static void PrintUngraded(IAnsiConsole console, Comparison comparison)
    {
        foreach (var mode in comparison.Modes)
            foreach (var (model, evaluation) in new[] { ("base", mode.Base), ("tuned", mode.Tuned) })
                foreach (var (kind, count) in evaluation.Ungraded)
                    console.WriteLine($"{comparison.Data.Label}, {mode.Mode}, {model}: {count} answers ungraded ({kind})");
    }

    private static void Print(IAnsiConsole console, string label, Example example)
    {
        var fields = new Grid().AddColumn(new GridColumn().NoWrap().Padding(2, 0, 2, 0)).AddColumn().AddColumn(new GridColumn().NoWrap().RightAligned());
        AddRow(fields, "prompt", Shorten(example.Prompt), null);
        AddRow(fields, "reference", example.Reference, null);
        AddRow(fields, "base", example.Base.Output, example.Base);
        AddRow(fields, "tuned", example.Tuned.Output, example.Tuned);
        console.WriteLine();
        console.Write(new Text($"{label}, line {example.Line}\n", new Style(decoration: Decoration.Bold)));
        console.Write(fields);
    }

    private static void AddRow(Grid fields, string name, string text, GradedAnswer? answer) => fields.AddRow(
        new Text(name, new Style(Color.Grey)), new Text(text), new Text(answer is null ? "" : Score(answer), new Style(Color.Aqua)));

    private static string Score(GradedAnswer answer) => answer.Score?.ToString("0.00", CultureInfo.InvariantCulture) ?? answer.Ungraded ?? "";

    private static string Shorten(string prompt)
    {
        var line = string.Join(' ', prompt.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= PromptLength ? line : line[..PromptLength] + " ...";
    }
}
