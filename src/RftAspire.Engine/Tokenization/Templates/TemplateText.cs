using System.Globalization;
using System.Text;

namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>Values as text: as Python's str and repr write them, and as JSON.</summary>
internal static class TemplateText
{
    private const int MaxDepth = 100;

    /// <summary>How JSON is laid out, as arguments of Python's json.dumps.</summary>
    public sealed record JsonLayout(string? Indent, string ItemSeparator, string KeySeparator, bool SortKeys, bool AsciiOnly);

    public static string Of(TemplateSite site, object? value)
    {
        if (value is string text) return text;
        if (value is Undefined) return "";
        var result = new StringBuilder();
        Represent(site, value, result, 0);
        return result.ToString();
    }

    public static string Json(TemplateSite site, object? value, JsonLayout layout)
    {
        var result = new StringBuilder();
        WriteJson(site, value, layout, result, 0);
        return result.ToString();
    }

    private static void Represent(TemplateSite site, object? value, StringBuilder into, int depth)
    {
        Check(site, into, depth);
        switch (value)
        {
            case null: into.Append("None"); break;
            case bool flag: into.Append(flag ? "True" : "False"); break;
            case long or double: into.Append(Number(value)); break;
            case string text: Quote(text, into); break;
            case TemplateTuple tuple: Enclose(tuple, '(', ')', item => Represent(site, item, into, depth + 1)); break;
            case List<object?> list: Enclose(list, '[', ']', item => Represent(site, item, into, depth + 1)); break;
            case Dictionary<string, object?> and not TemplateNamespace:
                Enclose((Dictionary<string, object?>)value, '{', '}', entry =>
                {
                    Quote(entry.Key, into);
                    into.Append(": ");
                    Represent(site, entry.Value, into, depth + 1);
                });
                break;
            default: throw site.Fault($"{TemplateValues.KindOf(value)} cannot be written as text");
        }

        void Enclose<T>(IEnumerable<T> items, char open, char close, Action<T> write)
        {
            var first = into.Append(open).Length;
            foreach (var item in items)
            {
                if (into.Length > first) into.Append(", ");
                write(item);
            }
            // A tuple of one shows by its comma that it is one.
            into.Append(items is TemplateTuple { Count: 1 } ? ",)" : close.ToString());
        }
    }

    private static void Quote(string text, StringBuilder into)
    {
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        into.Append(quote);
        foreach (var rune in text.EnumerateRunes())
            if (rune.Value is '\\' || rune.Value == quote) into.Append('\\').Append(rune.ToString());
            else if (rune.Value is '\n' or '\r' or '\t') into.Append(rune.Value switch { '\n' => "\\n", '\r' => "\\r", _ => "\\t" });
            else if (rune.Value == ' ' || IsPrintable(Rune.GetUnicodeCategory(rune))) into.Append(rune.ToString());
            else into.Append(rune.Value switch { < 0x100 => $"\\x{rune.Value:x2}", < 0x10000 => $"\\u{rune.Value:x4}", _ => $"\\U{rune.Value:x8}" });
        into.Append(quote);
    }

    private static bool IsPrintable(UnicodeCategory category) => category is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    /// <summary>The shortest digits that give the number back; Python changes to exponents later than .NET and always shows a fraction.</summary>
    private static string Number(object value)
    {
        if (value is long whole) return whole.ToString(CultureInfo.InvariantCulture);
        var number = (double)value;
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        if (Math.Abs(number) is >= 1e-4 and < 1e16) text = decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        else text = text.ToLowerInvariant();
        return text.AsSpan().ContainsAny('.', 'e', 'n') ? text : text + ".0";
    }

    private static void WriteJson(TemplateSite site, object? value, JsonLayout layout, StringBuilder into, int depth)
    {
        Check(site, into, depth);
        switch (value)
        {
            case null: into.Append("null"); break;
            case bool flag: into.Append(flag ? "true" : "false"); break;
            case long or double: into.Append(Number(value)); break;
            case string text: QuoteJson(text, layout.AsciiOnly, into); break;
            case List<object?> list: Enclose(list, '[', ']', item => WriteJson(site, item, layout, into, depth + 1)); break;
            case Dictionary<string, object?> map and not TemplateNamespace:
                Enclose(layout.SortKeys ? map.OrderBy(entry => entry.Key, StringComparer.Ordinal) : map.AsEnumerable(), '{', '}', entry =>
                {
                    QuoteJson(entry.Key, layout.AsciiOnly, into);
                    into.Append(layout.KeySeparator);
                    WriteJson(site, entry.Value, layout, into, depth + 1);
                });
                break;
            default: throw site.Fault($"{TemplateValues.KindOf(value)} cannot be written as JSON");
        }

        void Enclose<T>(IEnumerable<T> items, char open, char close, Action<T> write)
        {
            var first = into.Append(open).Length;
            foreach (var item in items)
            {
                if (into.Length > first) into.Append(layout.ItemSeparator);
                NewLine(depth + 1);
                write(item);
            }
            if (into.Length > first) NewLine(depth);
            into.Append(close);
        }

        void NewLine(int level)
        {
            if (layout.Indent is null) return;
            into.Append('\n');
            for (var i = 0; i < level; i++) into.Append(layout.Indent);
        }
    }

    private static void QuoteJson(string text, bool asciiOnly, StringBuilder into)
    {
        into.Append('"');
        foreach (var c in text)
            if ("\"\\\n\r\t\b\f".IndexOf(c, StringComparison.Ordinal) is >= 0 and var known) into.Append('\\').Append("\"\\nrtbf"[known]);
            else if (c < ' ' || (asciiOnly && c > '~')) into.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else into.Append(c);
        into.Append('"');
    }

    private static void Check(TemplateSite site, StringBuilder into, int depth)
    {
        site.Run.Limit(site.Position, into.Length, 16);
        if (depth > MaxDepth) throw site.Fault($"values nest deeper than {MaxDepth} levels");
    }
}
