using System.Text.Encodings.Web;
using System.Text.Json;

namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>The filters, tests and string methods that chat templates use.</summary>
internal static class TemplateMethods
{
    private static readonly string[] Filters = ["trim", "upper", "lower", "length", "count", "default", "first", "last", "join", "string", "tojson"];

    private static readonly string[] Methods =
        ["split", "strip", "lstrip", "rstrip", "startswith", "endswith", "replace", "upper", "lower", "get"];

    private static readonly Dictionary<string, Func<object?, bool>> Tests = new(StringComparer.Ordinal)
    {
        ["defined"] = value => value is not Undefined,
        ["undefined"] = value => value is Undefined,
        ["none"] = value => value is null,
        ["string"] = value => value is string,
        ["number"] = value => value is long,
        ["mapping"] = value => value is Dictionary<string, object?>,
        ["iterable"] = value => value is string or List<object?> or Dictionary<string, object?>,
        ["true"] = value => value is true,
        ["false"] = value => value is false,
    };

    // Hugging Face writes JSON with Python's ensure_ascii off.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string FilterNames => string.Join(", ", Filters);
    public static string MethodNames => string.Join(", ", Methods);
    public static string TestNames => string.Join(", ", Tests.Keys);

    public static bool IsFilter(string name) => Filters.Contains(name);

    public static bool IsMethod(string name) => Methods.Contains(name);

    public static Func<object?, bool>? Test(string name) => Tests.GetValueOrDefault(name);

    public static object? Filter(TemplateRun run, TemplateToken name, object? value, object?[] arguments)
    {
        run.Spend(name.Position, value is string whole ? whole.Length : 0);
        return (name.Value, value, arguments) switch
        {
            ("default", Undefined, [var other, ..]) => other,
            ("default", _, [var other, true]) => TemplateValues.IsTrue(value) ? value : other,
            ("default", _, [_, ..]) => value,
            ("trim", string text, []) => text.Trim(),
            ("upper", string text, []) => text.ToUpperInvariant(),
            ("lower", string text, []) => text.ToLowerInvariant(),
            ("string", _, []) => TemplateValues.ToText(run, name.Position, value),
            ("length" or "count", string text, []) => (long)TemplateValues.Characters(run, name.Position, text).Count,
            ("length" or "count", List<object?> list, []) => (long)list.Count,
            ("length" or "count", Dictionary<string, object?> map, []) => (long)map.Count,
            ("first", _, []) => TemplateValues.Element(run, name.Position, value, 0L),
            ("last", _, []) => TemplateValues.Element(run, name.Position, value, -1L),
            ("join", List<object?> list, [] or [string]) => Join(run, name, list, arguments is [string separator] ? separator : ""),
            ("tojson", string or bool or long or null, []) => JsonSerializer.Serialize(value, Json),
            _ => throw run.Fault(name.Position, $"the filter '{name.Value}' is not supported for {Described(value, arguments)}"),
        };
    }

    public static object? Call(TemplateRun run, TemplateToken name, object? value, object?[] arguments)
    {
        run.Spend(name.Position, value is string whole ? whole.Length : 0);
        return (name.Value, value, arguments) switch
        {
            ("split", string text, []) => Parts(run, name, text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)),
            ("split", string text, [string { Length: > 0 } separator]) => Parts(run, name, text.Split(separator)),
            ("split", string text, [string { Length: > 0 } separator, >= 0L and < int.MaxValue and long most]) => Parts(run, name, text.Split(separator, (int)most + 1)),
            ("strip", string text, _) when Trimmed(arguments) is var (all, chars) => all ? text.Trim() : text.Trim(chars),
            ("lstrip", string text, _) when Trimmed(arguments) is var (all, chars) => all ? text.TrimStart() : text.TrimStart(chars),
            ("rstrip", string text, _) when Trimmed(arguments) is var (all, chars) => all ? text.TrimEnd() : text.TrimEnd(chars),
            ("startswith", string text, [string start]) => text.StartsWith(start, StringComparison.Ordinal),
            ("endswith", string text, [string end]) => text.EndsWith(end, StringComparison.Ordinal),
            ("replace", string text, [string { Length: > 0 } old, string fresh]) => Replace(run, name, text, old, fresh),
            ("upper", string text, []) => text.ToUpperInvariant(),
            ("lower", string text, []) => text.ToLowerInvariant(),
            ("get", Dictionary<string, object?> map, [string key, ..]) => map.TryGetValue(key, out var found) ? found : arguments.ElementAtOrDefault(1),
            _ => throw run.Fault(name.Position, $"the method '{name.Value}' is not supported for {Described(value, arguments)}"),
        };
    }

    /// <summary>What to strip: all whitespace without an argument, else any of the given characters; null for other arguments.</summary>
    private static (bool All, char[] Chars)? Trimmed(object?[] arguments) => arguments switch
    {
        [] or [null] => (true, []),
        [string { Length: > 0 } chars] => (false, chars.ToCharArray()),
        _ => null,
    };

    private static List<object?> Parts(TemplateRun run, TemplateToken name, string[] parts)
    {
        run.Spend(name.Position, 64L * parts.Length);
        return [.. parts];
    }

    private static string Join(TemplateRun run, TemplateToken name, List<object?> list, string separator)
    {
        var parts = list.Select(item => TemplateValues.ToText(run, name.Position, item)).ToList();
        run.Limit(name.Position, parts.Sum(part => (long)part.Length + separator.Length));
        return string.Join(separator, parts);
    }

    private static string Replace(TemplateRun run, TemplateToken name, string text, string old, string fresh)
    {
        long found = text.AsSpan().Count(old);
        run.Limit(name.Position, text.Length + (found * (fresh.Length - old.Length)));
        return text.Replace(old, fresh, StringComparison.Ordinal);
    }

    private static string Described(object? value, object?[] arguments) => arguments.Length == 0
        ? TemplateValues.KindOf(value)
        : $"{TemplateValues.KindOf(value)} with ({string.Join(", ", arguments.Select(TemplateValues.KindOf))})";
}
