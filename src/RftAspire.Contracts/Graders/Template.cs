using System.Text.RegularExpressions;

namespace RftAspire.Contracts.Graders;

/// <summary>
/// Text with places filled from a dataset row (<c>{{item.x.y}}</c>) or from an answer (<c>{{sample.output_text}}</c>,
/// <c>{{sample.output_json.x}}</c>). Names are looked up; nothing is evaluated.
/// </summary>
public sealed partial record Template
{
    private Template(string text, IReadOnlyList<TemplatePart> parts) => (Text, Parts) = (text, parts);

    /// <summary>The template as written.</summary>
    public string Text { get; }

    /// <summary>Its literals and places, in order.</summary>
    public IReadOnlyList<TemplatePart> Parts { get; }

    /// <summary>The one place that the template consists of, or null if it has text around it or several.</summary>
    public TemplatePart? Sole => Parts is [{ Source: not TemplateSource.Literal } only] ? only : null;

    /// <summary>Dotted paths of the row's columns that the template needs.</summary>
    public IEnumerable<string> ItemPaths =>
        Parts.Where(part => part.Source == TemplateSource.Item).Select(part => string.Join('.', part.Path));

    /// <summary>Reads a template; <paramref name="field"/> is its JSON path in the grader, for error messages.</summary>
    public static Template Parse(string text, string field)
    {
        var parts = new List<TemplatePart>();
        var end = 0;
        foreach (Match place in Place().Matches(text))
        {
            AddLiteral(parts, text[end..place.Index], field);
            parts.Add(ParsePlace(place.Groups[1].Value.Trim(), field));
            end = place.Index + place.Length;
        }
        AddLiteral(parts, text[end..], field);
        return new Template(text, parts);
    }

    private static void AddLiteral(List<TemplatePart> parts, string literal, string field)
    {
        if (literal.Contains("{{", StringComparison.Ordinal))
            throw new GraderException(field, $"'{literal}' opens a place with {{{{ and never closes it; write {{{{item.column}}}}");
        if (literal.Length > 0) parts.Add(new TemplatePart(TemplateSource.Literal, [literal]));
    }

    private static TemplatePart ParsePlace(string place, string field) => place.Split('.') switch
    {
        var path when path.Any(name => name.Length == 0 || name.Any(char.IsWhiteSpace)) => throw Unknown(place, field),
        ["item", _, ..] path => new TemplatePart(TemplateSource.Item, path[1..]),
        ["sample", "output_text"] => new TemplatePart(TemplateSource.OutputText, []),
        ["sample", "output_json", ..] path => new TemplatePart(TemplateSource.OutputJson, path[2..]),
        _ => throw Unknown(place, field),
    };

    private static GraderException Unknown(string place, string field) => new(field,
        $"'{{{{{place}}}}}' names nothing; use {{{{item.column}}}}, {{{{sample.output_text}}}} or {{{{sample.output_json.name}}}}");

    [GeneratedRegex(@"\{\{([^{}]*)\}\}")]
    private static partial Regex Place();
}

/// <summary>Where a part of a template comes from.</summary>
public enum TemplateSource
{
    Literal,
    Item,
    OutputText,
    OutputJson,
}

/// <summary>One part of a template.</summary>
/// <param name="Source">Where it comes from.</param>
/// <param name="Path">Property names from the source's root; for a literal its text alone.</param>
public sealed record TemplatePart(TemplateSource Source, string[] Path);
