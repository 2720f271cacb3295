using System.Text;
using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading;

/// <summary>1 where the comparison holds, else 0. An answer that lacks a value which the grader reads of it has reward 0.</summary>
public sealed class StringCheckGrader(StringCheckDefinition definition) : IGrader
{
    private const int MaxConstants = 256;

    public GradeResult Grade(JsonElement item, string outputText)
    {
        foreach (var column in definition.Columns)
        {
            if (Json.Find(item, column.Path.Split('.')) is null)
                return GradeResult.InvalidReference($"item.{column.Path} is missing on this row; mend the row");
        }
        var holds = Render(definition.Input, item, outputText) is { } input
            && Render(definition.Reference, item, outputText) is { } reference
            && Compare(input, reference);
        return new GradeResult.Reward(holds ? 1 : 0);
    }

    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => items
        .Select(item => Render(definition.Reference, item, "")).OfType<string>()
        .CountBy(value => value)
        .OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal)
        .Take(MaxConstants)
        .Select(count => Answer(count.Key))
        .Append(Answer(""));

    // The answer that makes the input this value.
    private string Answer(string value) =>
        definition.Input.Sole is { Source: TemplateSource.OutputJson } place ? Json.Nest(place.Path, value) : value;

    private bool Compare(string input, string reference) => definition.Operation switch
    {
        StringCheckOperation.Eq => string.Equals(input, reference, StringComparison.Ordinal),
        StringCheckOperation.Ne => !string.Equals(input, reference, StringComparison.Ordinal),
        StringCheckOperation.Like => input.Contains(reference, StringComparison.Ordinal),
        StringCheckOperation.Ilike => input.Contains(reference, StringComparison.OrdinalIgnoreCase),
        var operation => throw new InvalidOperationException($"no comparison {operation}"),
    };

    // Null where a place has no value.
    private static string? Render(Template template, JsonElement item, string outputText)
    {
        var text = new StringBuilder();
        foreach (var part in template.Parts)
        {
            if (Render(part, item, outputText) is not { } value) return null;
            text.Append(value);
        }
        return text.ToString();
    }

    private static string? Render(TemplatePart part, JsonElement item, string outputText) => part.Source switch
    {
        TemplateSource.Literal => part.Path[0],
        TemplateSource.Item => Json.Find(item, part.Path) is { } value ? AsText(value) : null,
        TemplateSource.OutputText => outputText,
        _ => Json.Answer(outputText, json => Json.Find(json, part.Path) is { } value ? AsText(value) : null),
    };

    private static string AsText(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
