using System.Text.Json;

namespace RftAspire.Contracts.Graders;

/// <summary>A grader as data: read once from the caller's JSON, checked, and the same for every service.</summary>
/// <param name="Name">The caller's name for it; the type where there is none.</param>
public abstract record GraderDefinition(string Name)
{
    private static readonly Dictionary<string, Func<GraderFields, GraderDefinition>> s_types = new()
    {
        ["json_match"] = JsonMatchDefinition.Read,
        ["label_model"] = LabelModelDefinition.Read,
        ["label_set"] = LabelSetDefinition.Read,
        ["length"] = LengthDefinition.Read,
        ["multi"] = MultiDefinition.Read,
        ["numeric"] = NumericDefinition.Read,
        ["python"] = PythonDefinition.Read,
        ["ranking"] = RankingDefinition.Read,
        ["regex"] = RegexDefinition.Read,
        ["score_model"] = ScoreModelDefinition.Read,
        ["string_check"] = StringCheckDefinition.Read,
        ["text_similarity"] = TextSimilarityDefinition.Read,
    };

    /// <summary>The grader's type, as in its JSON.</summary>
    public string Type { get; private init; } = "";

    /// <summary>What the grader reads of every dataset row.</summary>
    public abstract IEnumerable<GraderColumn> Columns { get; }

    /// <summary>This grader, or the graders that it is made of.</summary>
    public virtual IEnumerable<GraderDefinition> Leaves => [this];

    /// <summary>Reads a grader; throws <see cref="GraderException"/> with path, value and fix where it cannot be used.</summary>
    public static GraderDefinition Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return Read(document.RootElement, "$");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // JsonElement throws InvalidOperationException for half a surrogate pair.
            throw new GraderException("$", $"is not sound JSON: {error.Message}");
        }
    }

    /// <param name="grader">One grader object.</param>
    /// <param name="path">Its JSON path.</param>
    /// <param name="key">Its key among the graders of another one, which is its name there.</param>
    internal static GraderDefinition Read(JsonElement grader, string path, string? key = null)
    {
        var fields = new GraderFields(grader, path);
        var type = fields.Text("type");
        if (!s_types.TryGetValue(type, out var read))
            throw fields.Fault("type", $"'{type}' is no grader; use one of {string.Join(", ", s_types.Keys.Order(StringComparer.Ordinal))}");
        var name = fields.Text("name", type);
        // Evals compare scores with it; a reward does not.
        fields.Number("pass_threshold", 0);
        var definition = read(fields) with { Name = key ?? name, Type = type };
        fields.RejectUnread();
        return definition;
    }

    private protected static IEnumerable<GraderColumn> ColumnsOf(params IEnumerable<Template> templates) =>
        templates.SelectMany(template => template.ItemPaths).Distinct().Select(path => new GraderColumn(path, ColumnKind.Value));
}

/// <summary>A value that a grader reads of every row.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Kind">What it must be.</param>
public sealed record GraderColumn(DataPath Path, ColumnKind Kind);

/// <summary>What a column must hold for a grader.</summary>
public enum ColumnKind
{
    /// <summary>Anything but null.</summary>
    Value,
    /// <summary>An array of texts, numbers, true or false.</summary>
    Labels,
    /// <summary>A JSON object.</summary>
    Fields,
    /// <summary>A text, an array of texts, or an object of gains by text.</summary>
    Ranking,
}
