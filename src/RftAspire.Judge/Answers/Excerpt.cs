namespace RftAspire.Judge.Answers;

/// <summary>Foreign text in a message: one line, bounded.</summary>
internal static class Excerpt
{
    public static string Of(string text, int length)
    {
        var line = string.Concat(text.Take(length + 1).Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)).Trim();
        return line.Length <= length ? line : string.Concat(line.AsSpan(0, length - 1), "…");
    }
}
