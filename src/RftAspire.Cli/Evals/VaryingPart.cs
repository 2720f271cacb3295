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
        return [.. prompts.Select(prompt => Words(prompt, prefix, prompt.Length - suffix))];
    }

    private static int CommonLength(IReadOnlyList<string> prompts, int most, Func<string, int, char> at)
    {
        var length = 0;
        while (length < most && prompts.All(prompt => at(prompt, length) == at(prompts[0], length))) length++;
        return length;
    }

    // Whole words, though the common part may end within one.
    private static string Words(string prompt, int start, int end)
    {
        while (start > 0 && !char.IsWhiteSpace(prompt[start - 1])) start--;
        while (end < prompt.Length && !char.IsWhiteSpace(prompt[end])) end++;
        return prompt[start..end].Trim();
    }
}
