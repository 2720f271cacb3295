using System.Globalization;

namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>Variables that a loop may change, the one mutable value of a template.</summary>
internal sealed class TemplateNamespace() : Dictionary<string, object?>(StringComparer.Ordinal);

/// <summary>
/// What operators mean, as in Python. Values are null (none), <see cref="Undefined"/>, bool, long, string, List of values and
/// Dictionary of values by name.
/// </summary>
internal static class TemplateValues
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        Dictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    public static string ToText(TemplateRun run, int position, object? value) => value switch
    {
        string text => text,
        Undefined => "",
        null => "None",
        bool flag => flag ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        _ => throw run.Fault(position, $"{KindOf(value)} cannot be written as text"),
    };

    public static string KindOf(object? value) => value switch
    {
        null => "none",
        Undefined => "an undefined value",
        bool => "a boolean",
        long => "a number",
        string => "a string",
        List<object?> => "a list",
        _ => "a mapping",
    };

    public static List<object?> Items(TemplateRun run, int position, object? value) => value switch
    {
        List<object?> list => list,
        Undefined => [],
        Dictionary<string, object?> map => [.. map.Keys],
        _ => throw run.Fault(position, $"{KindOf(value)} cannot be looped over"),
    };

    public static object? Element(TemplateRun run, int position, object? value, object? key)
    {
        run.Spend(position);
        return (value, key) switch
        {
            (Dictionary<string, object?> map, string name) => map.TryGetValue(name, out var found) ? found : Undefined.Value,
            (List<object?> list, long index) => At(list.Count, index) is { } at ? list[at] : Undefined.Value,
            (string text, long index) => CharacterAt(run, position, text, index),
            (Undefined, _) => throw run.Fault(position, $"'{key}' of an undefined value"),
            _ => Undefined.Value,
        };
    }

    public static bool Contains(TemplateRun run, int position, object? container, object? item)
    {
        switch (container, item)
        {
            case (string text, string part):
                run.Spend(position, text.Length);
                return text.Contains(part, StringComparison.Ordinal);
            case (Dictionary<string, object?> map, string name): return map.ContainsKey(name);
            case (List<object?> list, _):
                run.Spend(position, 64L * list.Count);
                return list.Any(other => AreEqual(other, item));
            case (Undefined, _): return false;
            default: throw run.Fault(position, $"'in' is not supported for {KindOf(item)} in {KindOf(container)}");
        }
    }

    public static bool Compare(TemplateRun run, TemplateToken token, object? left, object? right)
    {
        run.Spend(token.Position, left is string text ? text.Length : 0);
        if (token.Value == "==") return AreEqual(left, right);
        if (token.Value == "!=") return !AreEqual(left, right);
        var order = (left, right) switch
        {
            (long a, long b) => a.CompareTo(b),
            (string a, string b) => string.CompareOrdinal(a, b),
            _ => throw run.Fault(token.Position, $"'{token.Value}' is not supported for {KindOf(left)} and {KindOf(right)}"),
        };
        return token.Value switch { "<" => order < 0, ">" => order > 0, "<=" => order <= 0, _ => order >= 0 };
    }

    public static object? Arithmetic(TemplateRun run, TemplateToken token, object? left, object? right)
    {
        run.Spend(token.Position);
        try
        {
            return (token.Value, left, right) switch
            {
                ("+", string a, string b) => Join(run, token.Position, a, b),
                ("+", long a, long b) => checked(a + b),
                ("-", long a, long b) => checked(a - b),
                ("*", long a, long b) => checked(a * b),
                // Python's remainder has the sign of the divisor.
                ("%", long a, long b and not 0) => b == -1 ? 0 : ((a % b) + b) % b,
                _ => throw run.Fault(token.Position, $"'{token.Value}' is not supported for {KindOf(left)} and {KindOf(right)}"),
            };
        }
        catch (OverflowException)
        {
            throw run.Fault(token.Position, $"'{token.Value}' overflows");
        }
    }

    public static object? Negate(TemplateRun run, int position, object? value) =>
        value is long and not long.MinValue ? -(long)value : throw run.Fault(position, $"'-' is not supported for {KindOf(value)}");

    public static string Join(TemplateRun run, int position, string left, string right)
    {
        run.Limit(position, (long)left.Length + right.Length);
        return left + right;
    }

    /// <summary>Characters as Python counts them: code points.</summary>
    public static List<string> Characters(TemplateRun run, int position, string text)
    {
        run.Spend(position, 8L * text.Length);
        return [.. text.EnumerateRunes().Select(rune => rune.ToString())];
    }

    /// <summary>The place of a Python index, which counts from the end when negative; null outside.</summary>
    private static int? At(int count, long index)
    {
        if (index < 0) index += count;
        return index >= 0 && index < count ? (int)index : null;
    }

    private static object CharacterAt(TemplateRun run, int position, string text, long index)
    {
        var characters = Characters(run, position, text);
        return At(characters.Count, index) is { } at ? characters[at] : Undefined.Value;
    }

    private static bool AreEqual(object? left, object? right) =>
        left is List<object?> a && right is List<object?> b ? a.SequenceEqual(b) : Equals(left, right);
}
