using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Grading.Canaries;

namespace RftAspire.Grading.Workbench;

/// <summary>One and the same answer to every row.</summary>
/// <param name="Kind">As in grading.proto.</param>
/// <param name="Text">Null for the row's own prompt.</param>
internal sealed record Exploit(string Kind, string? Text)
{
    private readonly Sample? _sample = Text is null ? null : new Sample(Text);

    public Sample For(PromptRow row) => _sample ?? new Sample(row.Messages[^1].Content);
}

/// <summary>Answers that ask nothing of whoever gives them. A grader that rewards one can be gamed by a model that learns to say it.</summary>
internal static class FixedAnswers
{
    // Each is a call of a model for every row where the grader asks one.
    private const int ConstantsForModels = 8;
    private const int Shown = 5;
    private const int LongestName = 80;

    // Beside the canaries: further openers of the same kind, and empty JSON.
    private static readonly string[] s_bare = ["Solution", "Let's solve this problem step by step.", "{}", "[]", "null"];

    /// <summary>Rows that fixed answers are tried on where the caller does not say.</summary>
    public static int RowsFor(GraderDefinition definition) => definition.NeedsPlatform ? 32 : 256;

    public static Exploit[] For(GraderDefinition definition, IGrader grader, IReadOnlyList<AnsweredRow> rows)
    {
        IEnumerable<Exploit> canaries = Canary.Constants.Concat(s_bare).Select(text => new Exploit("canary", text));
        if (rows.All(row => row.Row.Messages.Length > 0)) canaries = canaries.Append(new Exploit("prompt", null));
        var commonest = Json.CommonestFirst(rows.SelectMany(row => row.Answers).Select(answer => answer.Text)).Take(1).Select(text => new Exploit("commonest", text));
        var constants = grader.ConstantAnswers([.. rows.Select(row => row.Row.Item)]).Take(definition.NeedsPlatform ? ConstantsForModels : int.MaxValue).Select(text => new Exploit("constant", text));
        return [.. canaries.Concat(constants).Concat(commonest).DistinctBy(exploit => exploit.Text)];
    }

    /// <param name="answers">What was tried.</param>
    /// <param name="results">For each of them its results, row by row.</param>
    /// <param name="tested">Mean of the tested answers on the same rows.</param>
    public static Exploits Report(Exploit[] answers, Graded[][] results, double? tested)
    {
        var measured = answers.Zip(results, Measure).ToArray();
        var report = new Exploits
        {
            Tried = answers.Length,
            // The first of equals, as they are ordered from plain to contrived.
            Best = { measured.Where(answer => answer.HasMean).OrderByDescending(answer => answer.Mean).Take(Shown) },
            Empty = measured.FirstOrDefault(answer => answer is { HasAnswer: true, Answer: "" }),
        };
        if (tested is { } mean) report.TestedMean = mean;
        return report;
    }

    public static string Name(FixedAnswer answer) => !answer.HasAnswer ? "echo of the prompt"
        : answer.Answer.Length == 0 ? "empty answer"
        : $"answer {(answer.Answer.Length <= LongestName ? answer.Answer : answer.Answer[..LongestName] + "...")}";

    private static FixedAnswer Measure(Exploit exploit, Graded[] results)
    {
        var rewards = results.Select(result => result.Reward).OfType<double>().ToArray();
        var answer = new FixedAnswer { Kind = exploit.Kind, Count = rewards.Length };
        if (exploit.Text is not null) answer.Answer = exploit.Text;
        if (rewards.Length > 0) answer.Mean = rewards.Average();
        return answer;
    }
}
