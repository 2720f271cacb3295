using System.Globalization;

namespace RftAspire.Jobs.OpenAi;

/// <summary>A page of a list as both SDKs read it: <c>after</c> of the next one is the last element's id.</summary>
internal sealed record ListBody<T>(IReadOnlyList<T> Data, bool HasMore, string? FirstId, string? LastId)
{
    public string Object { get; } = "list";
}

internal static class ListBody
{
    public static ListBody<T> Of<T>(IEnumerable<T> items, bool hasMore, Func<T, string> id)
    {
        var data = items.ToList();
        // An empty page that promises more would be asked for again for ever.
        return new ListBody<T>(data, hasMore && data.Count > 0, data.Count > 0 ? id(data[0]) : null, data.Count > 0 ? id(data[^1]) : null);
    }
}

/// <summary>Which page of a list is asked for.</summary>
/// <param name="Limit">Elements at most.</param>
/// <param name="After">The last id of the page before; empty for the first page.</param>
internal sealed record Page(int Limit, string After)
{
    public static Page Of(HttpRequest request, int standard, int most) =>
        new(LimitOf(request, standard, most), request.QueryText("after") ?? "");

    private static int LimitOf(HttpRequest request, int standard, int most)
    {
        if (request.QueryText("limit") is not { } text) return standard;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1 && limit <= most
            ? limit
            : throw OpenAiException.Invalid("limit", $"'{text}' is no whole number from 1 to {most}");
    }
}

internal static class QueryValues
{
    /// <summary>A query parameter's value; null where it is absent or empty.</summary>
    public static string? QueryText(this HttpRequest request, string name)
    {
        var values = request.Query[name];
        if (values.Count > 1) throw OpenAiException.Invalid(name, $"is given {values.Count} times; give it once");
        return string.IsNullOrEmpty(values.ToString()) ? null : values.ToString();
    }

    /// <summary>One of a closed set of words.</summary>
    public static string QueryWord(this HttpRequest request, string name, params string[] words)
    {
        var word = request.QueryText(name) ?? words[0];
        return words.Contains(word) ? word : throw OpenAiException.Invalid(name, $"'{word}' is unknown; one of {string.Join(", ", words)}");
    }
}
