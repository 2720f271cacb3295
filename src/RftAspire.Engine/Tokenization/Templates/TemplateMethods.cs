using System.Text;

namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>The methods of strings and mappings that chat templates call, as Python has them.</summary>
internal static class TemplateMethods
{
    private static readonly string[] Names =
        ["split", "rsplit", "splitlines", "strip", "lstrip", "rstrip", "startswith", "endswith", "removeprefix", "removesuffix", "replace", "upper", "lower",
            "title", "capitalize", "find", "rfind", "count", "join", "isdigit", "get", "items", "keys", "values", "index", "cycle"];

    public static string KnownNames => string.Join(", ", Names);

    public static bool IsKnown(string name) => Names.Contains(name);

    public static object? Call(TemplateSite site, string name, object? value, TemplateArguments arguments)
    {
        site.Spend(value is string whole ? whole.Length : 0);
        if (value is Dictionary<string, object?> map and not TemplateNamespace) return OfMapping(site, name, map, arguments);
        if (arguments.Named.Count > 0 && value is not null) arguments = Positional(site, name, arguments);
        object?[] given = [.. arguments.Positional];
        return (name, value, given) switch
        {
            ("index", List<object?> list, [var item]) => list.FindIndex(other => TemplateValues.AreEqual(site, other, item)) is >= 0 and var at ? (long)at : throw site.Fault("'index' finds no such item"),
            ("count", List<object?> list, [var item]) => (long)list.Count(other => TemplateValues.AreEqual(site, other, item)),
            (_, string text, _) => OfString(site, name, text, given),
            _ => throw Unsupported(site, name, value, given),
        };
    }

    public static string Strip(string text, string? chars, bool left, bool right)
    {
        var (start, end) = (0, text.Length);
        while (left && start < end && Stripped(text[start])) start++;
        while (right && end > start && Stripped(text[end - 1])) end--;
        return text[start..end];

        bool Stripped(char c) => chars is null ? char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f' : chars.Contains(c);
    }

    public static string Replace(TemplateSite site, string text, string old, string fresh, long most = -1)
    {
        if (old.Length == 0) throw site.Fault("replacing an empty string is not supported");
        long found = text.AsSpan().Count(old);
        site.Limit(text.Length + (found * Math.Max(0, fresh.Length - old.Length)));
        if (most < 0 || most >= found) return text.Replace(old, fresh, StringComparison.Ordinal);
        return string.Join(fresh, text.Split(old, (int)most + 1));
    }

    public static string Capitalize(string text) => text.Length == 0 ? "" : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    /// <summary>Every letter after what is no letter in upper case, the others in lower case.</summary>
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
            result.Append(i > 0 && char.IsLetter(text[i - 1]) ? char.ToLowerInvariant(text[i]) : char.ToUpperInvariant(text[i]));
        return result.ToString();
    }

    public static string Join(TemplateSite site, string separator, IEnumerable<object?> items)
    {
        var parts = new List<string>();
        var length = 0L;
        foreach (var item in items)
        {
            parts.Add(TemplateText.Of(site, item));
            site.Limit(length += parts[^1].Length + separator.Length);
        }
        return string.Join(separator, parts);
    }

    private static object? OfMapping(TemplateSite site, string name, Dictionary<string, object?> map, TemplateArguments arguments)
    {
        // Only the loop variable keeps a function among its entries.
        if (map.TryGetValue(name, out var member) && member is TemplateFunction function) return function(site, arguments);
        site.Spend(name == "get" ? 0 : 64L * map.Count);
        object?[] given = [.. arguments.Positional];
        return (name, given) switch
        {
            ("get", [string key]) => map.GetValueOrDefault(key),
            ("get", [string key, var other]) => map.TryGetValue(key, out var found) ? found : other,
            ("items", []) => map.Select(entry => (object?)new TemplateTuple([entry.Key, entry.Value])).ToList(),
            ("keys", []) => map.Keys.Select(key => (object?)key).ToList(),
            ("values", []) => map.Values.ToList(),
            _ => throw Unsupported(site, name, map, given),
        };
    }

    private static object? OfString(TemplateSite site, string name, string text, object?[] given) => (name, given) switch
    {
        ("split", [] or [null]) => List(site, text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)),
        ("split", [string { Length: > 0 } separator]) => List(site, text.Split(separator)),
        ("split", [string { Length: > 0 } separator, long most]) => List(site, most < 0 ? text.Split(separator) : text.Split(separator, (int)Math.Min(most, int.MaxValue - 1) + 1)),
        ("rsplit", [string { Length: > 0 } separator, long most]) => List(site, SplitFromEnd(text, separator, most)),
        ("splitlines", []) => List(site, Lines(text)),
        ("strip", [] or [null]) => Strip(text, null, true, true),
        ("lstrip", [] or [null]) => Strip(text, null, true, false),
        ("rstrip", [] or [null]) => Strip(text, null, false, true),
        ("strip", [string chars]) => Strip(text, chars, true, true),
        ("lstrip", [string chars]) => Strip(text, chars, true, false),
        ("rstrip", [string chars]) => Strip(text, chars, false, true),
        ("startswith", [string start]) => text.StartsWith(start, StringComparison.Ordinal),
        ("startswith", [List<object?> starts]) => starts.Exists(start => start is string part && text.StartsWith(part, StringComparison.Ordinal)),
        ("endswith", [string end]) => text.EndsWith(end, StringComparison.Ordinal),
        ("endswith", [List<object?> ends]) => ends.Exists(end => end is string part && text.EndsWith(part, StringComparison.Ordinal)),
        ("removeprefix", [string start]) => text.StartsWith(start, StringComparison.Ordinal) ? text[start.Length..] : text,
        ("removesuffix", [string end]) => text.EndsWith(end, StringComparison.Ordinal) ? text[..^end.Length] : text,
        ("replace", [string old, string fresh]) => Replace(site, text, old, fresh),
        ("replace", [string old, string fresh, long most]) => Replace(site, text, old, fresh, most),
        ("upper", []) => text.ToUpperInvariant(),
        ("lower", []) => text.ToLowerInvariant(),
        ("title", []) => Title(text),
        ("capitalize", []) => Capitalize(text),
        ("find", [string part]) => CodePoints(text, text.IndexOf(part, StringComparison.Ordinal)),
        ("rfind", [string part]) => CodePoints(text, text.LastIndexOf(part, StringComparison.Ordinal)),
        ("count", [string { Length: > 0 } part]) => (long)text.AsSpan().Count(part),
        ("join", [List<object?> items]) => Join(site, text, items.Select(item => item is string ? item : throw site.Fault($"'join' is not supported for {TemplateValues.KindOf(item)}"))),
        ("isdigit", []) => text.Length > 0 && text.All(char.IsDigit),
        _ => throw Unsupported(site, name, text, given),
    };

    /// <summary>Named arguments, which methods of strings know few of, in their places.</summary>
    private static TemplateArguments Positional(TemplateSite site, string name, TemplateArguments arguments)
    {
        string[] parameters = name switch { "split" or "rsplit" => ["sep", "maxsplit"], "replace" => ["old", "new", "count"], _ => [] };
        var bound = arguments.Bind(site, name, parameters);
        if (name is "split" or "rsplit" && bound[0] is Undefined) bound[0] = null;
        return new TemplateArguments([.. bound.TakeWhile(value => value is not Undefined)], TemplateArguments.None.Named);
    }

    private static List<object?> List(TemplateSite site, string[] parts)
    {
        site.Spend(64L * parts.Length);
        return [.. parts];
    }

    private static string[] SplitFromEnd(string text, string separator, long most)
    {
        var parts = new List<string>();
        while (most-- != 0 && text.LastIndexOf(separator, StringComparison.Ordinal) is >= 0 and var at)
        {
            parts.Add(text[(at + separator.Length)..]);
            text = text[..at];
        }
        parts.Add(text);
        parts.Reverse();
        return [.. parts];
    }

    private static string[] Lines(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }

    /// <summary>The place in code points, as Python counts.</summary>
    private static long CodePoints(string text, int at) => at < 0 ? -1 : text[..at].EnumerateRunes().LongCount();

    private static ChatTemplateException Unsupported(TemplateSite site, string name, object? value, object?[] given) =>
        site.Fault($"the method '{name}' is not supported for {TemplateValues.KindOf(value)}"
            + (given.Length == 0 ? "" : $" with ({string.Join(", ", given.Select(TemplateValues.KindOf))})"));
}
