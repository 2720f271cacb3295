using System.Text;
using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading;

/// <summary>The places of a template, filled from one row and one answer.</summary>
internal static class Places
{
    /// <summary>The filled template; null where the row or the answer lacks a value.</summary>
    public static string? Fill(this Template template, GradeRequest request)
    {
        if (template.Parts is [var only]) return Fill(only, request);
        var text = new StringBuilder();
        foreach (var part in template.Parts)
        {
            if (Fill(part, request) is not { } value) return null;
            text.Append(value);
        }
        return text.ToString();
    }

    /// <summary>The text at one place, a value that is no text as its JSON; null where there is none.</summary>
    public static string? Fill(TemplatePart part, GradeRequest request) => part.Source switch
    {
        TemplateSource.Literal => part.Literal,
        TemplateSource.Item => AsText(part.Path.Find(request.Item)),
        TemplateSource.OutputText => request.Sample.OutputText,
        TemplateSource.Reasoning => request.Sample.Reasoning,
        TemplateSource.OutputTools => AsText(part.Path.Find(request.Sample.OutputTools)),
        TemplateSource.Choices => AsText(part.Path.Find(request.Sample.Choices)),
        _ => request.Sample.OutputJson is { } json ? AsText(part.Path.Find(json)) : null,
    };

    /// <summary>An answer that has this text at the place that a template consists of; the text itself for other templates.</summary>
    public static string Answer(this Template template, string text) =>
        template.Sole is { Source: TemplateSource.OutputJson, Path.Names: { } names } ? Json.Nest(names, text) : text;

    private static string? AsText(JsonElement? value) =>
        value is not { } found ? null : found.ValueKind == JsonValueKind.String ? found.GetString() : found.GetRawText();
}
