using System.Globalization;
using System.Text;

namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>The functions that a template finds defined.</summary>
internal static class TemplateFunctions
{
    private const long MaxRange = 100_000;

    public static readonly string[] Names = ["raise_exception", "namespace", "dict", "range", "strftime_now"];

    /// <param name="now">The date for strftime_now, which without one is not defined: a rendering depends on its input alone.</param>
    public static Dictionary<string, object?> All(DateTimeOffset? now)
    {
        var functions = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["raise_exception"] = (TemplateFunction)Raise,
            ["namespace"] = (TemplateFunction)Namespace,
            ["dict"] = (TemplateFunction)((site, arguments) => Fill(site, new Dictionary<string, object?>(StringComparer.Ordinal), arguments)),
            ["range"] = (TemplateFunction)Range,
        };
        if (now is { } date) functions["strftime_now"] = (TemplateFunction)((site, arguments) => Format(site, date, arguments));
        return functions;
    }

    private static object? Raise(TemplateSite site, TemplateArguments arguments) =>
        throw site.Fault($"the chat template refuses the messages: {TemplateText.Of(site, arguments.Bind(site, "raise_exception", "message")[0])}");

    private static Dictionary<string, object?> Namespace(TemplateSite site, TemplateArguments arguments) => Fill(site, new TemplateNamespace(), arguments);

    private static Dictionary<string, object?> Fill(TemplateSite site, Dictionary<string, object?> map, TemplateArguments arguments)
    {
        site.Spend(64L * arguments.Named.Count);
        if (arguments.Positional.Count > 0)
        {
            if (arguments.Positional is not [Dictionary<string, object?> first]) throw site.Fault("a namespace is made of a mapping and named values");
            foreach (var (name, value) in first) map[name] = value;
        }
        foreach (var (name, value) in arguments.Named) map[name] = value;
        return map;
    }

    private static List<object?> Range(TemplateSite site, TemplateArguments arguments)
    {
        if (arguments.Named.Count > 0 || arguments.Positional.Count is < 1 or > 3 || !arguments.Positional.All(value => value is long))
            throw site.Fault("range takes one to three integers");
        long[] bounds = [.. arguments.Positional.Select(value => (long)value!)];
        var (start, stop, step) = bounds.Length == 1 ? (0, bounds[0], 1) : (bounds[0], bounds[1], bounds.Length == 3 ? bounds[2] : 1);
        if (step == 0) throw site.Fault("the step of a range cannot be 0");
        var items = new List<object?>();
        for (var value = (Int128)start; step > 0 ? value < stop : value > stop; value += step)
        {
            if (items.Count == MaxRange) throw site.Fault($"a range of more than {MaxRange} numbers is not supported");
            site.Spend(64);
            items.Add((long)value);
        }
        return items;
    }

    private static string Format(TemplateSite site, DateTimeOffset date, TemplateArguments arguments)
    {
        if (arguments.Bind(site, "strftime_now", "format")[0] is not string format) throw site.Fault("strftime_now takes a format");
        var result = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%') result.Append(format[i]);
            else if (i + 1 < format.Length && Part(format[i + 1]) is { } part)
            {
                result.Append(part.Length == 0 ? "%" : date.ToString(part, CultureInfo.InvariantCulture));
                i++;
            }
            else if (i + 1 < format.Length && format[i + 1] == 'j')
            {
                result.Append(date.DayOfYear.ToString("D3", CultureInfo.InvariantCulture));
                i++;
            }
            else throw site.Fault($"'{format.AsSpan(i, Math.Min(2, format.Length - i))}' in the date format '{format}' is not supported");
        }
        return result.ToString();
    }

    /// <summary>.NET's custom format for a letter after '%'; empty for the percent sign itself.</summary>
    private static string? Part(char letter) => letter switch
    {
        'd' => "dd",
        'm' => "MM",
        'b' or 'h' => "MMM",
        'B' => "MMMM",
        'y' => "yy",
        'Y' => "yyyy",
        'a' => "ddd",
        'A' => "dddd",
        'H' => "HH",
        'I' => "hh",
        'M' => "mm",
        'S' => "ss",
        'p' => "tt",
        'F' => "yyyy-MM-dd",
        'T' => "HH:mm:ss",
        '%' => "",
        _ => null,
    };
}
