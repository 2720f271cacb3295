using System.Runtime.CompilerServices;

namespace RftAspire.Client;

/// <summary>Lists that the platform gives page by page, or whole.</summary>
internal static class Pages
{
    /// <summary>Every item from a place on: the last item's id asks for the next page.</summary>
    public static async IAsyncEnumerable<TItem> AllAsync<TPage, TItem>(
        string after, Func<string, CancellationToken, Task<TPage>> pageAfter, Func<TPage, IReadOnlyList<TItem>> items, Func<TPage, bool> hasMore,
        Func<TItem, string> id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await pageAfter(after, cancellationToken);
            foreach (var item in items(page)) yield return item;
            if (!hasMore(page) || items(page).Count == 0) yield break;
            after = id(items(page)[^1]);
        }
    }

    /// <summary>Every item of a list that comes in one answer.</summary>
    public static async IAsyncEnumerable<TItem> OneAsync<TPage, TItem>(
        Func<CancellationToken, Task<TPage>> page, Func<TPage, IReadOnlyList<TItem>> items, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var item in items(await page(cancellationToken))) yield return item;
    }
}
