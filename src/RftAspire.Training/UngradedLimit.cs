using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>Some rollouts may stay without a reward; too many mean that a grader or the data is broken.</summary>
internal static class UngradedLimit
{
    private const int AnswerShown = 200;

    /// <summary>Fails the job where more than <paramref name="share"/> of the rollouts are ungraded.</summary>
    /// <exception cref="TrainingException">Counts by kind, and the first rollout concerned with its cause and answer.</exception>
    public static void Check(string what, IReadOnlyList<PromptGroupGraded> groups, double share)
    {
        var ungraded = groups.SelectMany(group => group.Rollouts.Where(rollout => rollout.Error is not null).Select(rollout => (group.Id, rollout))).ToList();
        var count = groups.Sum(group => group.Rollouts.Length);
        if (ungraded.Count <= share * count) return;
        var kinds = ungraded.CountBy(entry => entry.rollout.Error!.Kind).OrderByDescending(kind => kind.Value).ThenBy(kind => kind.Key, StringComparer.Ordinal);
        var (id, first) = ungraded[0];
        throw new TrainingException("too_many_ungraded",
            $"{what}: {ungraded.Count} of {count} rollouts could not be graded ({string.Join(", ", kinds.Select(kind => $"{kind.Value} {kind.Key}"))}), "
            + $"first cause {first.Error!.Kind}: {first.Error.Message}; it was prompt {id.PromptIndex}, rollout {first.Rollout.Index}, with the answer \"{Excerpt(first.Rollout.Text)}\"");
    }

    private static string Excerpt(string text)
    {
        var line = string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));
        return line.Length <= AnswerShown ? line : line[..AnswerShown] + "...";
    }
}
