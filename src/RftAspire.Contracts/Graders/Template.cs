using System.Text.RegularExpressions;

namespace RftAspire.Contracts.Graders;

/// <summary>
/// Text with places filled from a dataset row (<c>{{item.x.y[0]}}</c>) or from an answer (<c>{{sample.output_text}}</c>,
/// <c>{{sample.output_json.x}}</c>, <c>{{sample.reasoning}}</c>, <c>{{sample.output_tools[0].function.name}}</c>,
/// <c>{{sample.choices[0].message.content}}</c>). Names are looked up; nothing is evaluated.
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

    /// <summary>The row's columns that the template needs.</summary>
    public IEnumerable<DataPath> ItemPaths => Parts.Where(part => part.Source == TemplateSource.Item).Select(part => part.Path);

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
        if (literal.Length > 0) parts.Add(new TemplatePart(TemplateSource.Literal, DataPath.Parse("")!, literal));
    }

    private static TemplatePart ParsePlace(string place, string field)
    {
        foreach (var (name, source) in s_sources)
        {
            if (!place.StartsWith(name, StringComparison.Ordinal)) continue;
            var rest = place[name.Length..];
            // A name is followed by nothing, by .property or by [index].
            if (rest is not ("" or ['.', not '[', ..] or ['[', ..]) || DataPath.Parse(rest.TrimStart('.')) is not { } path) break;
            if (rest.StartsWith("..", StringComparison.Ordinal)) break;
            if (source is TemplateSource.OutputText or TemplateSource.Reasoning && rest.Length > 0) break;
            if (source == TemplateSource.Item && path.Root is null) break;
            return new TemplatePart(source, path, "");
        }
        throw new GraderException(field, $"'{{{{{place}}}}}' names nothing; use {{{{item.column}}}}, {{{{sample.output_text}}}}, {{{{sample.output_json.name}}}}, "
            + "{{sample.output_tools[0].function.name}}, {{sample.choices[0].message.content}} or {{sample.reasoning}}");
    }

    internal static string NameOf(TemplateSource source) => s_sources.Single(known => known.Source == source).Name;

    private static readonly (string Name, TemplateSource Source)[] s_sources =
    [
        ("item", TemplateSource.Item),
        ("sample.output_text", TemplateSource.OutputText),
        ("sample.output_json", TemplateSource.OutputJson),
        ("sample.output_tools", TemplateSource.OutputTools),
        ("sample.choices", TemplateSource.Choices),
        ("sample.reasoning", TemplateSource.Reasoning),
    ];

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
    OutputTools,
    Choices,
    Reasoning,
}

/// <summary>One part of a template.</summary>
/// <param name="Source">Where it comes from.</param>
/// <param name="Path">The place in the source; empty for a literal.</param>
/// <param name="Literal">The text of a literal.</param>
public sealed record TemplatePart(TemplateSource Source, DataPath Path, string Literal)
{
    /// <summary>The place as templates write it, such as <c>item.a[0]</c>; empty for a literal.</summary>
    public string Place => Source == TemplateSource.Literal ? "" : Template.NameOf(Source) + (Path.Text is "" or ['[', ..] ? "" : ".") + Path.Text;
}
