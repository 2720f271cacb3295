namespace RftAspire.Client;

/// <summary>Lists that the platform gives page by page.</summary>
internal static class Pages
{
    /// <summary>Every item: the last item's id asks for the next page.</summary>
    public static async IAsyncEnumerable<TItem> AllAsync<TPage, TItem>(
        Func<string, Task<TPage>> pageAfter, Func<TPage, IReadOnlyList<TItem>> items, Func<TPage, bool> hasMore, Func<TItem, string> id)
    {
        var after = "";
        while (true)
        {
            var page = await pageAfter(after);
            foreach (var item in items(page)) yield return item;
            if (!hasMore(page) || items(page).Count == 0) yield break;
            after = id(items(page)[^1]);
        }
    }
}
