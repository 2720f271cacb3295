using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace RftAspire.Contracts.Graders;

/// <summary>A grader as data: read once from the caller's JSON, checked, and the same for every service.</summary>
/// <param name="Name">The caller's name for it; the type where there is none.</param>
public abstract record GraderDefinition(string Name)
{
    private static readonly Dictionary<string, Func<GraderFields, GraderDefinition>> s_types = new()
    {
        ["endpoint"] = EndpointDefinition.Read,
        ["grpc"] = GrpcDefinition.Read,
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

    /// <summary>Characters that a grader may have.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>The grader's type, as in its JSON.</summary>
    public string Type { get; private init; } = "";

    /// <summary>The grader as JSON, every field that was left out at its default; reading it gives the same grader.</summary>
    public string Json { get; private init; } = "";

    /// <summary>sha256 of <see cref="Json"/>, lower-case hex: another one after every edit.</summary>
    public string Digest { get; private init; } = "";

    /// <summary>JSON path of this grader where it was read.</summary>
    public string Path { get; private init; } = "$";

    /// <summary>Whether it can be run only where the platform's services are; the command line then asks the platform.</summary>
    public virtual bool NeedsPlatform => false;

    /// <summary>What the grader reads of every dataset row.</summary>
    public abstract IEnumerable<GraderColumn> Columns { get; }

    /// <summary>This grader, or the graders that it is made of.</summary>
    public virtual IEnumerable<GraderDefinition> Leaves => [this];

    /// <summary>Reads a grader; throws <see cref="GraderException"/> with path, value and fix where it cannot be used.</summary>
    /// <param name="json">The grader.</param>
    /// <param name="ignoresUnknown">Lets fields be that no grader has; <see cref="Json"/> lacks them.</param>
    public static GraderDefinition Parse(string json, bool ignoresUnknown = false)
    {
        if (json.Length > MaxLength) throw new GraderException("$", $"has {json.Length} characters; at most {MaxLength} are allowed");
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return Read(document.RootElement, "$", null, ignoresUnknown);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // JsonElement throws InvalidOperationException for half a surrogate pair.
            throw new GraderException("$", $"is not sound JSON: {error.Message}");
        }
    }

    // Its JSON may hold an endpoint's secrets.
    public sealed override string ToString() => $"{Type} grader '{Name}'";

    /// <param name="grader">One grader object.</param>
    /// <param name="path">Its JSON path.</param>
    /// <param name="key">Its key among the graders of another one, which is its name there.</param>
    /// <param name="ignoresUnknown">Whether unknown fields are let be.</param>
    internal static GraderDefinition Read(JsonElement grader, string path, string? key, bool ignoresUnknown)
    {
        var fields = new GraderFields(grader, path) { IgnoresUnknown = ignoresUnknown };
        var type = fields.Text("type");
        if (!s_types.TryGetValue(type, out var read))
            throw fields.Fault("type", $"'{type}' is no grader; use one of {string.Join(", ", s_types.Keys.Order(StringComparer.Ordinal))}");
        var name = fields.Text("name", type);
        // Evals compare scores with it; a reward does not.
        if (fields.Find("pass_threshold") is not null) fields.Number("pass_threshold", 0);
        var definition = read(fields);
        fields.RejectUnread();
        var json = fields.ToJson();
        return definition with { Name = key ?? name, Type = type, Path = path, Json = json, Digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json))) };
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
