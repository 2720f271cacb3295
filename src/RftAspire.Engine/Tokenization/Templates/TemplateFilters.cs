using System.Globalization;
using System.Text.RegularExpressions;

namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>The filters that chat templates use, as Jinja has them; tojson as Hugging Face has it, without HTML escapes.</summary>
internal static partial class TemplateFilters
{
    private delegate object? Filter(TemplateSite site, object? value, object?[] arguments);

    /// <summary>Each filter with the names of its parameters.</summary>
    private static readonly Dictionary<string, (string[] Parameters, Filter Apply)> Known = new(StringComparer.Ordinal)
    {
        ["trim"] = (["chars"], (site, value, given) => TemplateMethods.Strip(TemplateText.Of(site, value), given[0] as string, true, true)),
        ["upper"] = ([], (site, value, _) => TemplateText.Of(site, value).ToUpperInvariant()),
        ["lower"] = ([], (site, value, _) => TemplateText.Of(site, value).ToLowerInvariant()),
        ["capitalize"] = ([], (site, value, _) => TemplateMethods.Capitalize(TemplateText.Of(site, value))),
        ["title"] = ([], (site, value, _) => TitleWord().Replace(TemplateText.Of(site, value), word => TemplateMethods.Capitalize(word.Value))),
        ["string"] = ([], (site, value, _) => TemplateText.Of(site, value)),
        ["safe"] = ([], (site, value, _) => TemplateText.Of(site, value)),
        ["replace"] = (["old", "new", "count"], Replace),
        ["indent"] = (["width", "first", "blank"], Indent),
        ["tojson"] = (["ensure_ascii", "indent", "separators", "sort_keys"], ToJson),
        ["length"] = ([], (site, value, _) => Length(site, value)),
        ["count"] = ([], (site, value, _) => Length(site, value)),
        ["default"] = (["default_value", "boolean"], Default),
        ["d"] = (["default_value", "boolean"], Default),
        ["int"] = (["default"], (site, value, given) => ToInteger(Given(site, value)) ?? (given[0] is Undefined ? 0L : given[0])),
        ["float"] = (["default"], (site, value, given) => ToReal(Given(site, value)) ?? (given[0] is Undefined ? 0.0 : given[0])),
        ["abs"] = ([], Absolute),
        ["first"] = ([], (site, value, _) => TemplateValues.Items(site, value) is [var first, ..] ? first : Undefined.Value),
        ["last"] = ([], (site, value, _) => TemplateValues.Items(site, value) is [.., var last] ? last : Undefined.Value),
        ["list"] = ([], (site, value, _) => TemplateValues.Items(site, value).ToList()),
        ["reverse"] = ([], Reverse),
        ["join"] = (["d", "attribute"], (site, value, given) => TemplateMethods.Join(site, TemplateText.Of(site, given[0]), Attributes(site, TemplateValues.Items(site, value), given[1]))),
        ["items"] = ([], (site, value, _) => value is Undefined ? new List<object?>() : TemplateMethods.Call(site, "items", value, TemplateArguments.None)),
        ["dictsort"] = (["case_sensitive", "by", "reverse"], DictSort),
        ["sort"] = (["reverse", "case_sensitive", "attribute"], Sort),
        ["unique"] = (["case_sensitive", "attribute"], Unique),
        ["min"] = (["case_sensitive", "attribute"], (site, value, given) => Sorted(site, value, given[0], given[1]) is [var least, ..] ? least : Undefined.Value),
        ["max"] = (["case_sensitive", "attribute"], (site, value, given) => Greatest(site, value, given)),
        ["sum"] = (["attribute", "start"], (site, value, given) => Attributes(site, TemplateValues.Items(site, value), given[0])
            .Aggregate(given[1] is Undefined ? 0L : given[1], (sum, item) => TemplateValues.Arithmetic(site, "+", sum, item))),
    };

    private static readonly string[] OverLists = ["map", "select", "reject", "selectattr", "rejectattr"];

    public static string Names => string.Join(", ", Known.Keys.Concat(OverLists));

    public static bool IsKnown(string name) => Known.ContainsKey(name) || OverLists.Contains(name);

    public static object? Apply(TemplateSite site, string name, object? value, TemplateArguments arguments)
    {
        site.Spend(value is string text ? text.Length : 0);
        if (OverLists.Contains(name)) return OverList(site, name, value, arguments);
        if (!Known.TryGetValue(name, out var filter)) throw site.Fault($"the filter '{name}' is not supported: {Names} are");
        return filter.Apply(site, value, arguments.Bind(site, name, filter.Parameters));
    }

    // Words end at spaces, hyphens and opening brackets.
    [GeneratedRegex(@"[^-\s({\[<]+")]
    private static partial Regex TitleWord();

    private static object? Default(TemplateSite site, object? value, object?[] given) =>
        value is Undefined || (TemplateValues.IsTrue(given[1]) && !TemplateValues.IsTrue(value)) ? (given[0] is Undefined ? "" : given[0]) : value;

    private static object? Given(TemplateSite site, object? value) => value is Undefined ? throw site.Fault("an undefined value is no number") : value;

    private static long Length(TemplateSite site, object? value) => value switch
    {
        string text => text.Length - text.LongCount(char.IsLowSurrogate),
        List<object?> list => (long)list.Count,
        TemplateNamespace => throw site.Fault("the filter 'length' is not supported for a namespace"),
        Dictionary<string, object?> map => (long)map.Count,
        Undefined => 0L,
        _ => throw site.Fault($"the filter 'length' is not supported for {TemplateValues.KindOf(value)}"),
    };

    private static object Absolute(TemplateSite site, object? value, object?[] given) => value switch
    {
        long number and not long.MinValue => (object)Math.Abs(number),
        double number => Math.Abs(number),
        _ => throw site.Fault($"the filter 'abs' is not supported for {TemplateValues.KindOf(value)}"),
    };

    private static string Replace(TemplateSite site, object? value, object?[] given)
    {
        var (text, old, fresh) = (TemplateText.Of(site, value), TemplateText.Of(site, given[0]), TemplateText.Of(site, given[1]));
        return TemplateMethods.Replace(site, text, old, fresh, given[2] as long? ?? -1);
    }

    private static string Indent(TemplateSite site, object? value, object?[] given)
    {
        if (value is not string text) throw site.Fault($"the filter 'indent' is not supported for {TemplateValues.KindOf(value)}");
        var indent = given[0] switch
        {
            Undefined => "    ",
            string own => own,
            long width and >= 0 and < 1000 => new string(' ', (int)width),
            _ => throw site.Fault($"an indent of {TemplateText.Of(site, given[0])} is not supported"),
        };
        string[] lines = text.Split('\n');
        site.Limit(text.Length + ((long)lines.Length * indent.Length));
        return string.Join('\n', lines.Select((line, index) =>
            (index > 0 || TemplateValues.IsTrue(given[1])) && (line.Length > 0 || TemplateValues.IsTrue(given[2])) ? indent + line : line));
    }

    private static string ToJson(TemplateSite site, object? value, object?[] given)
    {
        var indent = given[1] switch
        {
            null or Undefined => null,
            long width and >= 0 and < 1000 => new string(' ', (int)width),
            string own => own,
            _ => throw site.Fault("the indent of 'tojson' is not supported: a number or a string is"),
        };
        var (item, key) = given[2] switch
        {
            null or Undefined => (indent is null ? ", " : ",", ": "),
            List<object?> and [string first, string second] => (first, second),
            _ => throw site.Fault("the separators of 'tojson' are not two strings"),
        };
        return TemplateText.Json(site, value, new(indent, item, key, TemplateValues.IsTrue(given[3]), TemplateValues.IsTrue(given[0])));
    }

    private static object Reverse(TemplateSite site, object? value, object?[] given)
    {
        var items = TemplateValues.Items(site, value).ToList();
        site.Spend(64L * items.Count);
        items.Reverse();
        return value is string ? string.Concat(items) : items;
    }

    private static object? ToInteger(object? value) => value switch
    {
        long number => number,
        bool flag => flag ? 1L : 0L,
        double number when Math.Abs(number) < long.MaxValue => (long)number,
        string text when long.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number) => number,
        string text when ToReal(text) is double number && Math.Abs(number) < long.MaxValue => (long)number,
        _ => null,
    };

    private static object? ToReal(object? value) => value switch
    {
        long or double => TemplateValues.Real(value),
        bool flag => flag ? 1.0 : 0.0,
        string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };
}
