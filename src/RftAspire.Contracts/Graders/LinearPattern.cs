using System.Text.RegularExpressions;

namespace RftAspire.Contracts.Graders;

// Regular expressions that no text can hang: matching takes time in proportion to the text.
internal static class LinearPattern
{
    private const int MaxLength = 2_000;

    // A pattern can still ask for much work at every letter.
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(5);

    public static Regex Compile(string pattern, RegexOptions options, string path)
    {
        if (pattern.Length > MaxLength) throw new GraderException(path, $"has {pattern.Length} letters; use at most {MaxLength}");
        try
        {
            return new Regex(pattern, options | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, s_deadline);
        }
        catch (ArgumentException error)
        {
            throw new GraderException(path, $"'{pattern}' is no regular expression: {error.Message}");
        }
        catch (NotSupportedException)
        {
            throw new GraderException(path, $"'{pattern}' needs backtracking or is too large; "
                + "do without lookaround, backreference, atomic group, conditional and long repetitions");
        }
    }
}
