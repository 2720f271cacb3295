namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>Python slices of strings and lists: ends clamp, negative ones count from the end, a negative step goes backwards.</summary>
internal static class TemplateSlices
{
    public static object Slice(TemplateSite site, object? value, object?[] parts)
    {
        if (value is List<object?> list)
        {
            site.Spend(list.Count);
            return list is TemplateTuple ? new TemplateTuple(Pick(site, list, parts)) : Pick(site, list, parts);
        }
        if (value is not string text) throw site.Fault($"{TemplateValues.KindOf(value)} cannot be sliced");
        return string.Concat(Pick(site, TemplateValues.Characters(site, text), parts));
    }

    private static List<T> Pick<T>(TemplateSite site, List<T> items, object?[] parts)
    {
        var step = Number(site, parts[2]) ?? 1;
        if (step == 0) throw site.Fault("a slice's step cannot be 0");
        var (least, most) = step > 0 ? (0L, (long)items.Count) : (-1L, items.Count - 1L);
        var from = Bound(Number(site, parts[0]), items.Count, least, most) ?? (step > 0 ? least : most);
        var to = Bound(Number(site, parts[1]), items.Count, least, most) ?? (step > 0 ? most : least);
        var picked = new List<T>();
        // A step beyond the length picks one item at most, so clamping it loses nothing and cannot overflow.
        step = Math.Clamp(step, -items.Count - 1L, items.Count + 1L);
        for (var i = from; step > 0 ? i < to : i > to; i += step) picked.Add(items[(int)i]);
        return picked;
    }

    private static long? Number(TemplateSite site, object? value) => value switch
    {
        null => null,
        long number => number,
        _ => throw site.Fault($"a slice by {TemplateValues.KindOf(value)} is not supported"),
    };

    private static long? Bound(long? index, int count, long least, long most) =>
        index is { } given ? Math.Clamp(given < 0 ? given + count : given, least, most) : null;
}
