namespace RftAspire.Cli.Evals;

/// <summary>What tells one prompt of a dataset from the others: the text without what all of them begin and end with.</summary>
public static class VaryingPart
{
    public static string[] Of(IReadOnlyList<string> prompts)
    {
        if (prompts.Count < 2) return [.. prompts];
        var shortest = prompts.Min(prompt => prompt.Length);
        var prefix = CommonLength(prompts, shortest, (prompt, i) => prompt[i]);
        // The two may not overlap, as they would in a prompt that repeats itself.
        var suffix = CommonLength(prompts, shortest - prefix, (prompt, i) => prompt[prompt.Length - 1 - i]);
        // Whole words, though the common part may end within one.
        while (prompts.Any(prompt => IsWithinWord(prompt, prefix))) prefix--;
        while (prompts.Any(prompt => IsWithinWord(prompt, prompt.Length - suffix))) suffix--;
        return [.. prompts.Select(prompt => prompt[prefix..^suffix].Trim())];
    }

    private static int CommonLength(IReadOnlyList<string> prompts, int most, Func<string, int, char> at)
    {
        var length = 0;
        while (length < most && prompts.All(prompt => at(prompt, length) == at(prompts[0], length))) length++;
        return length;
    }

    private static bool IsWithinWord(string prompt, int at) =>
        at > 0 && at < prompt.Length && !char.IsWhiteSpace(prompt[at - 1]) && !char.IsWhiteSpace(prompt[at]);
}
