using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RftAspire.Contracts.Graders;

// The fields of one grader object; what nobody has asked for is a typing error of the caller.
internal sealed class GraderFields
{
    private static readonly JsonSerializerOptions s_relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly JsonElement _grader;
    private readonly HashSet<string> _read = [];
    private readonly JsonObject _written = [];

    public GraderFields(JsonElement grader, string path)
    {
        if (grader.ValueKind != JsonValueKind.Object)
            throw new GraderException(path, $"is {grader.ValueKind.ToString().ToLowerInvariant()}; write an object");
        (_grader, Path) = (grader, path);
    }

    /// <summary>Whether fields that the grader does not know are let be.</summary>
    public bool IgnoresUnknown { get; init; }

    /// <summary>JSON path of the object.</summary>
    public string Path { get; }

    public string PathOf(string name) => $"{Path}.{name}";

    public GraderException Fault(string name, string fault) => new(PathOf(name), fault);

    public string Text(string name, string? standard = null)
    {
        if (Find(name) is not { } value)
            return standard is null ? throw Fault(name, "is missing; write it as text") : Standard(name, standard);
        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: > 0 } text)
            throw Fault(name, $"{value.GetRawText()} is not text of at least one letter");
        return text;
    }

    /// <summary>One of a closed set of words.</summary>
    public T Word<T>(string name, IReadOnlyDictionary<string, T> words, string? standard = null)
    {
        var text = Text(name, standard);
        return words.TryGetValue(text, out var word) ? word : throw Fault(name, $"'{text}' is unknown; use one of {string.Join(", ", words.Keys)}");
    }

    public double Number(string name, double standard)
    {
        if (Find(name) is not { } value) return Standard(name, standard);
        return value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : throw Fault(name, $"{value.GetRawText()} is not a number; write it without quotes, or leave it out for {standard}");
    }

    /// <summary>A finite number within bounds, both allowed.</summary>
    public double Number(string name, double standard, double least, double most)
    {
        var number = Number(name, standard);
        return number >= least && number <= most ? number : throw Fault(name, FormattableString.Invariant($"{number} is not from {least} to {most}"));
    }

    public int Count(string name, int standard, int least, int most)
    {
        if (Find(name) is not { } value) return Standard(name, standard);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count >= least && count <= most
            ? count
            : throw Fault(name, $"{value.GetRawText()} is not a whole number from {least} to {most}; leave it out for {standard}");
    }

    public bool Flag(string name, bool standard) => Find(name) switch
    {
        null => Standard(name, standard),
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Fault(name, $"{value.GetRawText()} is not true or false"),
    };

    /// <summary>Texts of at least one letter.</summary>
    public string[] Texts(string name)
    {
        if (Find(name) is not { ValueKind: JsonValueKind.Array } array || array.GetArrayLength() == 0)
            throw Fault(name, "is no array of texts; write at least one");
        return [.. array.EnumerateArray().Select((value, i) => value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw Fault($"{name}[{i}]", $"{value.GetRawText()} is not text of at least one letter"))];
    }

    public Template Template(string name, string? standard = null) => Graders.Template.Parse(Text(name, standard), PathOf(name));

    /// <summary>One column of the row, written as a template.</summary>
    public DataPath Column(string name)
    {
        var template = Template(name);
        return template.Sole is { Source: TemplateSource.Item } part
            ? part.Path
            : throw Fault(name, $"'{template.Text}' is not one column of the row; write \"{{{{item.labels}}}}\"");
    }

    /// <summary>A place in the answer's JSON.</summary>
    public DataPath Output(string name, string standard)
    {
        var text = Text(name, standard);
        return DataPath.Parse(text) ?? throw Fault(name, $"'{text}' is no dotted path; write \"{standard}\"");
    }

    /// <summary>The value of a field as it is, null where it is missing or null.</summary>
    public JsonElement? Find(string name)
    {
        _read.Add(name);
        if (!_grader.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        _written[name] = JsonNode.Parse(value.GetRawText());
        return value;
    }

    /// <summary>Says how a field is written in <see cref="ToJson"/>.</summary>
    public T Standard<T>(string name, T value)
    {
        // A bound that is infinite where it is left out cannot be written.
        if (value is not double number || double.IsFinite(number)) _written[name] = value as JsonNode ?? JsonValue.Create(value);
        return value;
    }

    /// <summary>The fields in the order in which they were first read, those left out at their defaults.</summary>
    public string ToJson() => _written.ToJsonString(s_relaxed);

    public void RejectUnread()
    {
        if (!IgnoresUnknown && _grader.EnumerateObject().Select(field => field.Name).FirstOrDefault(name => !_read.Contains(name)) is { } unknown)
            throw Fault(unknown, $"is not a field of this grader; known are {string.Join(", ", _read.Order(StringComparer.Ordinal))}");
    }
}
