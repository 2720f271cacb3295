using System.Text.Json;

namespace RftAspire.Contracts.Graders;

/// <summary>A grader as data: read once from the caller's JSON, checked, and the same for every service.</summary>
/// <param name="Name">The caller's name for it.</param>
public abstract record GraderDefinition(string Name)
{
    /// <summary>What the grader reads of every dataset row.</summary>
    public abstract IEnumerable<GraderColumn> Columns { get; }

    /// <summary>Reads a grader; throws <see cref="GraderException"/> with path, value and fix where it cannot be used.</summary>
    public static GraderDefinition Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return Read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // JsonElement throws InvalidOperationException for half a surrogate pair.
            throw new GraderException("$", $"is not sound JSON: {error.Message}");
        }
    }

    private static GraderDefinition Read(JsonElement grader)
    {
        if (grader.ValueKind != JsonValueKind.Object)
            throw new GraderException("$", $"is {grader.ValueKind.ToString().ToLowerInvariant()}; write one object with a \"type\"");
        var fields = new GraderFields(grader);
        GraderDefinition definition = fields.Text("type") switch
        {
            "label_set" => LabelSetDefinition.Read(fields),
            "string_check" => StringCheckDefinition.Read(fields),
            var type => throw new GraderException("$.type", $"'{type}' is no grader; use label_set or string_check"),
        };
        fields.RejectUnread();
        return definition;
    }
}

/// <summary>A value that a grader reads of every row.</summary>
/// <param name="Path">Property names joined by dots.</param>
/// <param name="IsLabels">Whether it must be an array of strings; else any value but null does.</param>
public sealed record GraderColumn(string Path, bool IsLabels);

/// <summary>
/// Type <c>label_set</c>: F-beta between the labels in the answer's JSON and those of the row, as sets; 0 for an answer
/// that is no JSON object with an array of strings at <paramref name="Output"/>.
/// </summary>
/// <param name="Name">The caller's name for it.</param>
/// <param name="Reference">Field <c>reference</c>: one place of the row, an array of strings.</param>
/// <param name="Beta">Field <c>beta</c>: how many times recall counts as much as precision; default 1.</param>
/// <param name="Output">Field <c>output</c>: dotted path of the labels in the answer; default <c>labels</c>.</param>
public sealed record LabelSetDefinition(string Name, TemplatePart Reference, double Beta, string[] Output) : GraderDefinition(Name)
{
    public override IEnumerable<GraderColumn> Columns => [new GraderColumn(string.Join('.', Reference.Path), IsLabels: true)];

    internal static LabelSetDefinition Read(GraderFields fields)
    {
        var name = fields.Text("name");
        var reference = fields.Template("reference");
        if (reference.Sole is not { Source: TemplateSource.Item } labels)
            throw new GraderException("$.reference", $"'{reference.Text}' is not one column of the row; write \"{{{{item.labels}}}}\"");
        var beta = fields.Number("beta", 1);
        if (beta is not (> 0 and <= 100))
            throw new GraderException("$.beta", FormattableString.Invariant($"{beta} is not above 0 and at most 100; 1 weighs precision and recall alike"));
        var output = fields.Text("output", "labels").Split('.');
        if (output.Contains("")) throw new GraderException("$.output", $"'{string.Join('.', output)}' is no dotted path; write \"labels\"");
        return new LabelSetDefinition(name, labels, beta, output);
    }
}

/// <summary>How <see cref="StringCheckDefinition"/> compares.</summary>
public enum StringCheckOperation
{
    /// <summary>Equal, letter for letter.</summary>
    Eq,
    /// <summary>Not equal.</summary>
    Ne,
    /// <summary>The input contains the reference.</summary>
    Like,
    /// <summary>The input contains the reference, upper and lower case alike.</summary>
    Ilike,
}

/// <summary>Type <c>string_check</c>: 1 where the comparison of two texts holds, else 0.</summary>
/// <param name="Name">The caller's name for it.</param>
/// <param name="Input">Field <c>input</c>: the text judged.</param>
/// <param name="Reference">Field <c>reference</c>: the text it is compared with.</param>
/// <param name="Operation">Field <c>operation</c>: eq, ne, like or ilike.</param>
public sealed record StringCheckDefinition(string Name, Template Input, Template Reference, StringCheckOperation Operation) : GraderDefinition(Name)
{
    public override IEnumerable<GraderColumn> Columns =>
        Input.ItemPaths.Concat(Reference.ItemPaths).Distinct().Select(path => new GraderColumn(path, IsLabels: false));

    internal static StringCheckDefinition Read(GraderFields fields) => new(
        fields.Text("name"), fields.Template("input"), fields.Template("reference"),
        fields.Text("operation") switch
        {
            "eq" => StringCheckOperation.Eq,
            "ne" => StringCheckOperation.Ne,
            "like" => StringCheckOperation.Like,
            "ilike" => StringCheckOperation.Ilike,
            var operation => throw new GraderException("$.operation", $"'{operation}' is no comparison; use eq, ne, like or ilike"),
        });
}
