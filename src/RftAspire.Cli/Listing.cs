using System.CommandLine;

namespace RftAspire.Cli;

/// <summary>The beginning of a list of the platform, as far as the caller wants to see it.</summary>
public sealed record Listing<T>(IReadOnlyList<T> Items, bool HasMore);

/// <summary>How much of a list is shown.</summary>
public static class Listing
{
    public static Option<int> Limit(int standard) => new("--limit") { HelpName = "N", Description = "At most so many; 0 for all.", DefaultValueFactory = _ => standard };

    public static int ReadLimit(CommandContext context, Option<int> option) => context.Get(option) switch
    {
        0 => int.MaxValue,
        > 0 and var limit => limit,
        var limit => throw new UsageException($"--limit {limit}: must be at least 1, or 0 for all"),
    };

    /// <summary>What to ask for in one call, so that a short list is one and its next item comes with it.</summary>
    public static int PageSize(int limit, int most) => limit < most ? limit + 1 : most;

    public static async Task<Listing<T>> OfAsync<T>(IAsyncEnumerable<T> all, int limit, CancellationToken cancellationToken)
    {
        var items = new List<T>();
        await foreach (var item in all.WithCancellation(cancellationToken))
        {
            // One more is read, not shown.
            if (items.Count == limit) return new(items, HasMore: true);
            items.Add(item);
        }
        return new(items, HasMore: false);
    }
}
