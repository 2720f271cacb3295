using System.Globalization;
using RftAspire.Contracts;

namespace RftAspire.Judge.Answers;

/// <summary>One finding of several.</summary>
internal static class Agreement
{
    /// <summary>How a comparison's candidates are named, by their place in the prompt.</summary>
    public const string First = "first", Second = "second", Tie = "tie";

    /// <summary>The median of the scores or the commonest choice, where more than half of the votes can be read.</summary>
    public static Finding OfVotes(IReadOnlyList<Finding> votes)
    {
        var verdicts = votes.OfType<Verdict>().ToList();
        if (verdicts.Count * 2 <= votes.Count) return votes.OfType<NoVerdict>().First();
        return verdicts[0] is ScoreVerdict ? Median([.. verdicts.Cast<ScoreVerdict>()]) : Commonest([.. verdicts.Cast<ChoiceVerdict>()]);
    }

    /// <summary>Two judges: the mean of scores that lie close enough, or the same choice.</summary>
    public static Finding OfJudges(Finding one, Finding other, double maxDifference) => (one, other) switch
    {
        (NoVerdict, _) => one,
        (_, NoVerdict) => other,
        (ScoreVerdict a, ScoreVerdict b) when Math.Abs(a.Score - b.Score) <= maxDifference => new ScoreVerdict(a.Score / 2 + b.Score / 2, Both(a, b)),
        (ScoreVerdict a, ScoreVerdict b) => Disagreement(string.Create(CultureInfo.InvariantCulture, $"the two judges' scores {a.Score} and {b.Score} differ by more than {maxDifference}")),
        (ChoiceVerdict a, ChoiceVerdict b) when a.Choice == b.Choice => a with { Explanation = Both(a, b) },
        (ChoiceVerdict a, ChoiceVerdict b) => Disagreement($"one judge says '{a.Choice}', the other '{b.Choice}'"),
        _ => throw new InvalidOperationException("two judges were asked different questions"),
    };

    /// <summary>Both orders of a comparison: what depends on the order is a tie.</summary>
    public static Finding OfOrders(Finding straight, Finding swapped) => (straight, swapped) switch
    {
        (NoVerdict, _) => straight,
        (_, NoVerdict) => swapped,
        (ChoiceVerdict a, ChoiceVerdict b) when a.Choice == Mirrored(b.Choice) => a,
        (ChoiceVerdict a, ChoiceVerdict b) => new ChoiceVerdict(
            Tie, AnswerReader.Cut($"A tie: with A in the first place the judge says '{a.Choice}', with B in the first place '{b.Choice}'.\n{a.Explanation}")),
        _ => throw new InvalidOperationException("a comparison has choices"),
    };

    private static string Mirrored(string choice) => choice switch { First => Second, Second => First, _ => choice };

    private static ScoreVerdict Median(ScoreVerdict[] votes)
    {
        var sorted = votes.OrderBy(vote => vote.Score).ToArray();
        var (low, high) = (sorted[(sorted.Length - 1) / 2], sorted[sorted.Length / 2]);
        return low with { Score = low.Score / 2 + high.Score / 2 };
    }

    private static Finding Commonest(ChoiceVerdict[] votes)
    {
        var counts = votes.GroupBy(vote => vote.Choice, StringComparer.Ordinal).OrderByDescending(group => group.Count()).ToArray();
        return counts.Length > 1 && counts[0].Count() == counts[1].Count()
            ? Disagreement($"of {votes.Length} votes as many are for '{counts[0].Key}' as for '{counts[1].Key}'; ask an odd number of times")
            : counts[0].First();
    }

    private static string Both(Verdict a, Verdict b) => AnswerReader.Cut($"{a.Explanation}\nThe second judge:\n{b.Explanation}");

    private static NoVerdict Disagreement(string message) => new(JudgeFailureKind.Disagreement, message);
}
