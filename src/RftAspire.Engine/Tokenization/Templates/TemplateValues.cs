namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>The value of a name, an attribute or an element that does not exist: false, and empty when written.</summary>
internal sealed class Undefined
{
    public static readonly Undefined Value = new();
}

/// <summary>Variables that a loop may change, the one mutable value of a template.</summary>
internal sealed class TemplateNamespace() : Dictionary<string, object?>(StringComparer.Ordinal);

/// <summary>A list that Python writes in round brackets and holds unequal to one in square brackets.</summary>
internal sealed class TemplateTuple(IEnumerable<object?> items) : List<object?>(items);

/// <summary>A macro or a function.</summary>
internal delegate object? TemplateFunction(TemplateSite site, TemplateArguments arguments);

/// <summary>
/// What operators mean, as in Python. Values are null (none), <see cref="Undefined"/>, bool, long, double, string, List of values,
/// Dictionary of values by name and <see cref="TemplateFunction"/>.
/// </summary>
internal static class TemplateValues
{
    private const int MaxDepth = 100;

    // In Python these are methods of every mapping, and come before its keys where a dot asks for them.
    private static readonly string[] MappingMethods = ["clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];

    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        TemplateNamespace => true,
        Dictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    public static string KindOf(object? value) => value switch
    {
        null => "none",
        Undefined => "an undefined value",
        bool => "a boolean",
        long or double => "a number",
        string => "a string",
        List<object?> => "a list",
        TemplateNamespace => "a namespace",
        Dictionary<string, object?> => "a mapping",
        _ => "a function",
    };

    /// <summary>The items that a loop goes over: of a mapping its keys, of a string its characters.</summary>
    public static List<object?> Items(TemplateSite site, object? value)
    {
        switch (value)
        {
            case List<object?> list: return list;
            case Undefined: return [];
            case TemplateNamespace: break;
            case Dictionary<string, object?> map:
                site.Spend(64L * map.Count);
                return [.. map.Keys];
            case string text: return [.. Characters(site, text)];
        }
        throw site.Fault($"{KindOf(value)} cannot be looped over");
    }

    public static object? Attribute(TemplateSite site, object? value, string name) =>
        value is Dictionary<string, object?> and not TemplateNamespace && MappingMethods.Contains(name)
            ? throw site.Fault($"'{name}' after a dot is a method of mappings: ['{name}'] is the entry of that name")
            : Element(site, value, name);

    public static object? Element(TemplateSite site, object? value, object? key)
    {
        site.Spend();
        return (value, key) switch
        {
            (Dictionary<string, object?> map, string name) => map.TryGetValue(name, out var found) ? found : Undefined.Value,
            (List<object?> list, long index) => Place(list.Count, index) is { } at ? list[at] : Undefined.Value,
            (string text, long index) => Characters(site, text) is var all && Place(all.Count, index) is { } at ? all[at] : Undefined.Value,
            (Undefined, _) => throw site.Fault($"'{key}' of an undefined value"),
            _ => Undefined.Value,
        };
    }

    public static bool Contains(TemplateSite site, object? container, object? item)
    {
        switch (container, item)
        {
            case (string text, string part):
                site.Spend(text.Length);
                return text.Contains(part, StringComparison.Ordinal);
            case (Dictionary<string, object?> map, _): return item is string name && map.ContainsKey(name);
            case (List<object?> list, _): return list.Exists(other => AreEqual(site, other, item));
            case (Undefined, _): return false;
            default: throw site.Fault($"'in' is not supported for {KindOf(item)} in {KindOf(container)}");
        }
    }

    public static bool Compare(TemplateSite site, string symbol, object? left, object? right)
    {
        site.Spend(left is string text ? text.Length : 0);
        if (symbol is "==" or "!=") return AreEqual(site, left, right) == (symbol == "==");
        var order = Order(site, symbol, left, right);
        return symbol switch { "<" => order < 0, ">" => order > 0, "<=" => order <= 0, _ => order >= 0 };
    }

    /// <summary>Negative, zero or positive as the left value is less, equal or greater; only numbers and strings have an order.</summary>
    public static int Order(TemplateSite site, string symbol, object? left, object? right) => (left, right) switch
    {
        (long a, long b) => a.CompareTo(b),
        (long or double, long or double) => Real(left).CompareTo(Real(right)),
        (string a, string b) => CompareCodePoints(a, b),
        _ => throw site.Fault($"'{symbol}' is not supported for {KindOf(left)} and {KindOf(right)}"),
    };

    public static object? Arithmetic(TemplateSite site, string symbol, object? left, object? right)
    {
        site.Spend();
        // Truth counts as a number, as in Python.
        (left, right) = (left is bool ? (left is true ? 1L : 0L) : left, right is bool ? (right is true ? 1L : 0L) : right);
        try
        {
            return (symbol, left, right) switch
            {
                ("+", string a, string b) => Join(site, a, b),
                ("+", List<object?> a, List<object?> b) when a is TemplateTuple == b is TemplateTuple => Concatenation(site, a, b),
                ("+", long a, long b) => checked(a + b),
                ("-", long a, long b) => checked(a - b),
                ("*", long a, long b) => checked(a * b),
                ("*", string a, long b) => Repeated(site, a, b),
                ("*", long a, string b) => Repeated(site, b, a),
                // Python rounds quotients down, and the remainder has the sign of the divisor.
                ("//", long a, long b and not 0) => checked(a / b) - (a % b != 0 && a < 0 != b < 0 ? 1 : 0),
                ("%", long a, long b and not 0) => b == -1 ? 0 : ((a % b) + b) % b,
                ("/", long or double, long or double) when Real(right) != 0 => Real(left) / Real(right),
                ("+", long or double, long or double) => Real(left) + Real(right),
                ("-", long or double, long or double) => Real(left) - Real(right),
                ("*", long or double, long or double) => Real(left) * Real(right),
                _ => throw site.Fault($"'{symbol}' is not supported for {KindOf(left)} and {KindOf(right)}"),
            };
        }
        catch (OverflowException)
        {
            throw site.Fault($"'{symbol}' overflows");
        }
    }

    public static object Negate(TemplateSite site, object? value) => value switch
    {
        long number and not long.MinValue => (object)-number,
        double number => -number,
        _ => throw site.Fault($"'-' is not supported for {KindOf(value)}"),
    };

    public static double Real(object? value) => value is long whole ? whole : (double)value!;

    public static string Join(TemplateSite site, string left, string right)
    {
        site.Limit((long)left.Length + right.Length);
        return left + right;
    }

    /// <summary>Characters as Python counts them: code points.</summary>
    public static List<string> Characters(TemplateSite site, string text)
    {
        // A string of its own for each takes far more memory than the text.
        site.Spend(32L * text.Length);
        return [.. text.EnumerateRunes().Select(rune => rune.ToString())];
    }

    public static bool AreEqual(TemplateSite site, object? left, object? right, int depth = 0)
    {
        site.Spend(64);
        if (depth > MaxDepth) throw site.Fault($"values nest deeper than {MaxDepth} levels");
        return (left, right) switch
        {
            (List<object?> a, List<object?> b) => a is TemplateTuple == b is TemplateTuple && a.Count == b.Count && a.Zip(b).All(pair => AreEqual(site, pair.First, pair.Second, depth + 1)),
            (TemplateNamespace, _) or (_, TemplateNamespace) => ReferenceEquals(left, right),
            (Dictionary<string, object?> a, Dictionary<string, object?> b) => a.Count == b.Count
                && a.All(entry => b.TryGetValue(entry.Key, out var other) && AreEqual(site, entry.Value, other, depth + 1)),
            (bool or long or double, bool or long or double) when left.GetType() != right.GetType() => Truth(left) == Truth(right),
            _ => Equals(left, right),
        };

        static double Truth(object? value) => value is bool flag ? (flag ? 1 : 0) : Real(value);
    }

    private static List<object?> Concatenation(TemplateSite site, List<object?> left, List<object?> right)
    {
        site.Spend(64L * (left.Count + right.Count));
        return left is TemplateTuple ? new TemplateTuple([.. left, .. right]) : [.. left, .. right];
    }

    private static string Repeated(TemplateSite site, string text, long times)
    {
        times = Math.Clamp(times, 0, TemplateRun.MaxLength + 1L);
        site.Limit(text.Length * times);
        return string.Concat(Enumerable.Repeat(text, text.Length == 0 ? 0 : (int)times));
    }

    /// <summary>The place of a Python index, which counts from the end when negative; null outside.</summary>
    private static int? Place(int count, long index)
    {
        if (index < 0) index += count;
        return index >= 0 && index < count ? (int)index : null;
    }

    private static int CompareCodePoints(string left, string right)
    {
        foreach (var (a, b) in left.EnumerateRunes().Zip(right.EnumerateRunes()))
            if (a != b) return a.CompareTo(b);
        return left.Length - right.Length;
    }
}
