using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Grading.V1;

namespace RftAspire.Cli.Graders;

/// <summary>A test of a grader for people, in plain text.</summary>
public static class TestReportText
{
    private const int BarWidth = 40;
    private const int AnswerWidth = 90;

    public static void Print(TextWriter writer, GraderDefinition grader, TestReport report)
    {
        writer.WriteLine($"{grader.Name} ({grader.Type}) on {report.Rows} rows, {report.Answers} answers tested");
        if (report.Rewards is { } rewards) Print(writer, rewards);
        foreach (var kind in report.Ungraded) writer.WriteLine($"ungraded, {kind.Kind}: {kind.Count}, first on line {kind.Line}: {kind.Message}");
        if (report.Agreement is { } agreement) Print(writer, agreement);
        Print(writer, report.Exploits);
        foreach (var part in report.Parts) Print(writer, part);
        foreach (var warning in report.Warnings) writer.WriteLine($"warning: {warning}");
    }

    private static void Print(TextWriter writer, Distribution rewards)
    {
        writer.WriteLine(Say($"rewards: {rewards.Count} graded, mean {rewards.Mean:0.000} {Say(rewards.Interval)}, standard deviation {rewards.Std:0.000}"));
        writer.WriteLine(Say($"  least {rewards.Min:0.###}, quartiles {rewards.LowerQuartile:0.###} {rewards.Median:0.###} {rewards.UpperQuartile:0.###}, greatest {rewards.Max:0.###}"));
        var most = rewards.Histogram.Max(bin => bin.Count);
        foreach (var bin in rewards.Histogram)
            writer.WriteLine(Say($"  {bin.From,8:0.00} to {bin.To,6:0.00} {bin.Count,6} {new string('#', (int)Math.Ceiling((double)bin.Count * BarWidth / most))}").TrimEnd());
    }

    private static void Print(TextWriter writer, Agreement agreement)
    {
        writer.WriteLine($"agreement with the ratings, {agreement.Accuracy.N} answers");
        foreach (var (name, estimate) in new[] { ("accuracy", agreement.Accuracy), ("Cohen's kappa", agreement.Kappa), ("Spearman's rho", agreement.Spearman) })
            writer.WriteLine(estimate is null ? $"  {name}: not defined, one side is constant" : Say($"  {name}: {estimate.Value:0.000} {Say(estimate.Interval)}"));
    }

    private static void Print(TextWriter writer, Exploits exploits)
    {
        writer.WriteLine(Say($"fixed answers: {exploits.Tried} tried on {exploits.Rows} rows{(exploits.HasTestedMean ? Say($", where the tested answers have mean {exploits.TestedMean:0.000}") : "")}"));
        foreach (var answer in exploits.Best) writer.WriteLine(Line(answer, exploits.Rows));
        if (exploits.Empty is { HasMean: true } empty && !exploits.Best.Any(answer => answer is { HasAnswer: true, Answer: "" })) writer.WriteLine(Line(empty, exploits.Rows));
    }

    private static string Line(FixedAnswer answer, int rows)
    {
        var text = !answer.HasAnswer ? "(the prompt)" : answer.Answer.Length == 0 ? "(empty)" : answer.Answer.ReplaceLineEndings(" ");
        var share = answer.Count < rows ? $" (on {answer.Count} rows)" : "";
        return Say($"  {answer.Mean,6:0.000}  {answer.Kind,-9}  {(text.Length <= AnswerWidth ? text : text[..AnswerWidth] + "...")}{share}");
    }

    private static void Print(TextWriter writer, PartReport part)
    {
        var mean = part.HasMean ? Say($"mean {part.Mean:0.000} of {part.Count}, {part.Ungraded} ungraded") : $"none graded, {part.Ungraded} ungraded";
        writer.WriteLine($"{part.Name} ({part.Type}): {mean}; {Say(part.Cost)}; for a job {Say(part.Job)}");
    }

    private static string Say(Cost cost)
    {
        var tokens = cost.PromptTokens + cost.CompletionTokens > 0 ? Say($", {cost.PromptTokens:0} + {cost.CompletionTokens:0} tokens") : "";
        return Say($"{cost.Calls:0} calls{tokens}, {cost.Seconds:0.###} s");
    }

    private static string Say(Interval? interval) => interval is null ? "" : Say($"[{interval.Lower:0.00}, {interval.Upper:0.00}]");

    private static string Say(FormattableString text) => FormattableString.Invariant(text);
}
