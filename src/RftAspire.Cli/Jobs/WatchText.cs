using System.Globalization;
using System.Text;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Jobs;

/// <summary>The words of the live view and of the plain lines.</summary>
public static class WatchText
{
    /// <summary>One line for an event; steps are told by <see cref="Of(JobProgress)"/>.</summary>
    public static string? Of(JobEvent e) => e.EventCase switch
    {
        JobEvent.EventOneofCase.StateChanged => $"job is {JobJson.Word(e.StateChanged.State)}",
        JobEvent.EventOneofCase.EvalCompleted => Of(e.EvalCompleted),
        JobEvent.EventOneofCase.GraderChecked => Of(e.GraderChecked),
        JobEvent.EventOneofCase.Note => e.Note.Message,
        _ => null,
    };

    /// <summary>One line for a step by itself.</summary>
    public static string OfStep(StepTrained? step)
    {
        var progress = new JobProgress();
        progress.Apply(new JobEvent { StepTrained = step ?? new() });
        return Of(progress);
    }

    public static string Of(JobProgress progress)
    {
        var text = new StringBuilder(Invariant($"step {progress.Step}/{progress.TotalSteps}"));
        if (progress.MeanReward is { } reward) text.Append(Invariant($"  reward {reward:0.000}"));
        if (progress.Loss is { } loss) text.Append(Invariant($"  loss {loss:0.000}"));
        if (progress.TokensPerSecond is { } rate) text.Append(Invariant($"  {rate:#,0} tokens/s"));
        if (progress.TimeLeft is { } left) text.Append(Invariant($"  {Duration(left)} left"));
        return text.ToString();
    }

    public static string Duration(TimeSpan time) => time.TotalHours >= 1
        ? Invariant($"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
        : Invariant($"{time.Minutes}:{time.Seconds:00}");

    private static string Of(GraderChecked check) => string.Join(Environment.NewLine, check.Canaries.GroupBy(score => score.Grader).Select(grader =>
        $"worthless answers to {grader.Key}:  " + string.Join("  ", grader.Select(score => score.HasReward ? Invariant($"{score.Canary} {score.Reward:0.000}") : $"{score.Canary} ungraded"))));

    private static string Of(EvalCompleted eval)
    {
        var text = new StringBuilder(eval.Step == 0 ? "eval of the base model:" : Invariant($"eval after step {eval.Step}:"));
        foreach (var (name, label) in new[] { ("reward/greedy", "greedy"), ("reward/sampled", "sampled"), ("loss/valid", "loss"), ("accuracy/valid", "accuracy") })
            if (eval.Metrics.TryGetValue(name, out var value)) text.Append(Invariant($"  {label} {value:0.000}"));
        if (eval.Metrics.TryGetValue("rollouts/ungraded", out var ungraded) && ungraded > 0) text.Append(Invariant($"  ungraded {ungraded:0}"));
        return text.ToString();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
