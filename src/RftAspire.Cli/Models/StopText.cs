namespace RftAspire.Cli.Models;

/// <summary>Ends a completion before the first of the caller's stop texts.</summary>
public static class StopText
{
    /// <summary>The text stops before the stop text; the ids and log-probabilities are the fewest that spell the stop text out.</summary>
    public static Generated Cut(Generated generated, IReadOnlyList<string> stops, Func<int[], string> decode)
    {
        if (First(generated.Text!, stops) < 0) return generated;
        var count = 1;
        while (count < generated.Ids.Length && First(decode(generated.Ids[..count]), stops) < 0) count++;
        var text = decode(generated.Ids[..count]);
        return new(text[..Math.Max(0, First(text, stops))], generated.Ids[..count], generated.Logprobs[..count]);
    }

    private static int First(string text, IReadOnlyList<string> stops) =>
        stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
}
