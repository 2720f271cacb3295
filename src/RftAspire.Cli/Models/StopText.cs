namespace RftAspire.Cli.Models;

/// <summary>Ends a completion before the first of the caller's stop texts.</summary>
public static class StopText
{
    public static string Cut(string text, IReadOnlyList<string> stops) => First(text, stops) is >= 0 and var at ? text[..at] : text;

    /// <summary>Where the first of them begins, or -1.</summary>
    public static int First(string text, IReadOnlyList<string> stops) =>
        stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
}
