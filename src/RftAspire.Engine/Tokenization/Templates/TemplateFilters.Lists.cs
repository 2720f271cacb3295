namespace RftAspire.Engine.Tokenization.Templates;

internal static partial class TemplateFilters
{
    /// <summary>The filters that name another filter, a test or an attribute for each item.</summary>
    private static List<object?> OverList(TemplateSite site, string name, object? value, TemplateArguments arguments)
    {
        var items = TemplateValues.Items(site, value);
        site.Spend(64L * items.Count);
        if (name == "map") return Map(site, items, arguments);
        var byAttribute = name.EndsWith("attr", StringComparison.Ordinal);
        var expected = name.StartsWith("select", StringComparison.Ordinal);
        var used = byAttribute ? 2 : 1;
        string Word(int at) => arguments.Positional.ElementAtOrDefault(at) as string ?? throw site.Fault($"the filter '{name}' lacks its argument {at + 1}");
        var test = arguments.Positional.Count < used ? "truthy" : Word(used - 1);
        var rest = arguments.From(used);
        var attribute = byAttribute ? Word(0) : null;
        return items.Where(item => TemplateTests.Holds(site, test, attribute is null ? item : Attribute(site, item, attribute), rest) == expected).ToList();
    }

    private static List<object?> Map(TemplateSite site, List<object?> items, TemplateArguments arguments)
    {
        if (arguments.Positional.Count > 0)
        {
            var filter = arguments.Positional[0] as string ?? throw site.Fault("the filter 'map' takes the name of a filter");
            return [.. items.Select(item => Apply(site, filter, item, arguments.From(1)))];
        }
        var given = arguments.Bind(site, "map", "attribute", "default");
        if (given[0] is Undefined) throw site.Fault("the filter 'map' takes a filter or an attribute");
        return [.. items.Select(item => Attribute(site, item, given[0], given[1]))];
    }

    private static IEnumerable<object?> Attributes(TemplateSite site, List<object?> items, object? attribute)
    {
        site.Spend(64L * items.Count);
        return attribute is Undefined or null ? items : items.Select(item => Attribute(site, item, attribute));
    }

    /// <summary>An attribute by its name, its path such as "function.name", or its index; the fallback stands in at each step.</summary>
    private static object? Attribute(TemplateSite site, object? item, object? attribute, object? fallback = null)
    {
        foreach (var part in attribute is string path ? path.Split('.') : new[] { attribute })
        {
            item = TemplateValues.Element(site, item, part is string digits && long.TryParse(digits, out var index) ? index : part);
            if (item is Undefined && fallback is not (null or Undefined)) item = fallback;
        }
        return item;
    }

    private static List<object?> DictSort(TemplateSite site, object? value, object?[] given)
    {
        if (given[1] is not (Undefined or "key" or "value")) throw site.Fault("'dictsort' sorts by 'key' or by 'value'");
        var pairs = (List<object?>)TemplateMethods.Call(site, "items", value, TemplateArguments.None)!;
        return Sorted(site, pairs, given[0], given[1] is "value" ? 1L : 0L, TemplateValues.IsTrue(given[2]));
    }

    private static List<object?> Sort(TemplateSite site, object? value, object?[] given) => Sorted(site, value, given[1], given[2], TemplateValues.IsTrue(given[0]));

    private static List<object?> Sorted(TemplateSite site, object? value, object? caseSensitive, object? attribute, bool descending = false)
    {
        var items = TemplateValues.Items(site, value);
        site.Spend(64L * items.Count);
        var keys = items.Select(item => (Item: item, Key: Key(site, item, caseSensitive, attribute))).ToList();
        // A fault within the sort would lose its name, so that what has no order is found before.
        foreach (var (_, key) in keys) TemplateValues.Order(site, "<", keys[0].Key, key);
        var comparer = Comparer<object?>.Create((left, right) => TemplateValues.Order(site, "<", left, right));
        // Both orders keep equal items as they were.
        return [.. (descending ? keys.OrderByDescending(pair => pair.Key, comparer) : keys.OrderBy(pair => pair.Key, comparer)).Select(pair => pair.Item)];
    }

    private static object? Greatest(TemplateSite site, object? value, object?[] given) =>
        Sorted(site, value, given[0], given[1], descending: true) is [var most, ..] ? most : Undefined.Value;

    private static List<object?> Unique(TemplateSite site, object? value, object?[] given)
    {
        var seen = new List<object?>();
        var kept = new List<object?>();
        foreach (var item in TemplateValues.Items(site, value))
        {
            var key = Key(site, item, given[0], given[1]);
            if (seen.Exists(other => TemplateValues.AreEqual(site, other, key))) continue;
            seen.Add(key);
            kept.Add(item);
        }
        return kept;
    }

    private static object? Key(TemplateSite site, object? item, object? caseSensitive, object? attribute)
    {
        var key = attribute is Undefined or null ? item : Attribute(site, item, attribute);
        return key is string text && !TemplateValues.IsTrue(caseSensitive) ? text.ToLowerInvariant() : key;
    }
}
