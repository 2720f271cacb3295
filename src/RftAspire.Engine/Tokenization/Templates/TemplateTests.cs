namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>The tests that may follow "is".</summary>
internal static class TemplateTests
{
    private static readonly Dictionary<string, Func<object?, bool>> OfOne = new(StringComparer.Ordinal)
    {
        ["defined"] = value => value is not Undefined,
        ["undefined"] = value => value is Undefined,
        ["none"] = value => value is null,
        ["boolean"] = value => value is bool,
        ["true"] = value => value is true,
        ["false"] = value => value is false,
        ["number"] = value => value is long or double or bool,
        ["integer"] = value => value is long,
        ["float"] = value => value is double,
        ["string"] = value => value is string,
        ["mapping"] = value => value is Dictionary<string, object?> and not TemplateNamespace,
        ["sequence"] = value => value is string or List<object?> or Undefined || (value is Dictionary<string, object?> and not TemplateNamespace),
        ["iterable"] = value => value is string or List<object?> or Undefined || (value is Dictionary<string, object?> and not TemplateNamespace),
        ["callable"] = value => value is TemplateFunction or Undefined,
        ["odd"] = value => value is long number && number % 2 != 0,
        ["even"] = value => value is long number && number % 2 == 0,
        ["truthy"] = TemplateValues.IsTrue,
    };

    private static readonly Dictionary<string, Func<TemplateSite, object?, object?, bool>> OfTwo = new(StringComparer.Ordinal)
    {
        ["eq"] = (site, value, other) => TemplateValues.Compare(site, "==", value, other),
        ["ne"] = (site, value, other) => TemplateValues.Compare(site, "!=", value, other),
        ["lt"] = (site, value, other) => TemplateValues.Compare(site, "<", value, other),
        ["le"] = (site, value, other) => TemplateValues.Compare(site, "<=", value, other),
        ["gt"] = (site, value, other) => TemplateValues.Compare(site, ">", value, other),
        ["ge"] = (site, value, other) => TemplateValues.Compare(site, ">=", value, other),
        ["in"] = (site, value, other) => TemplateValues.Contains(site, other, value),
        ["divisibleby"] = (site, value, other) => TemplateValues.Arithmetic(site, "%", value, other) is 0L,
        ["sameas"] = (_, value, other) => value is string or long or double ? Equals(value, other) : ReferenceEquals(value, other) || (value is bool && Equals(value, other)),
    };

    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        ["equalto"] = "eq",
        ["=="] = "eq",
        ["!="] = "ne",
        ["lessthan"] = "lt",
        ["<"] = "lt",
        ["<="] = "le",
        ["greaterthan"] = "gt",
        [">"] = "gt",
        [">="] = "ge",
    };

    public static string Names => string.Join(", ", OfOne.Keys.Concat(OfTwo.Keys));

    public static bool IsKnown(string name) => OfOne.ContainsKey(name) || TakesArgument(name);

    public static bool TakesArgument(string name) => OfTwo.ContainsKey(OtherNames.GetValueOrDefault(name, name));

    public static bool Holds(TemplateSite site, string name, object? value, TemplateArguments arguments)
    {
        site.Spend();
        if (OfOne.TryGetValue(name, out var test))
        {
            arguments.Bind(site, name);
            return name is "odd" or "even" && value is not long ? throw site.Fault($"'is {name}' is not supported for {TemplateValues.KindOf(value)}") : test(value);
        }
        if (!OfTwo.TryGetValue(OtherNames.GetValueOrDefault(name, name), out var comparison)) throw site.Fault($"the test '{name}' is not supported: {Names} are");
        return comparison(site, value, arguments.Bind(site, name, "other")[0]);
    }
}
