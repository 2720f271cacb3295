using System.Text.Json;

namespace RftAspire.Contracts.Graders;

// The fields of one grader object; what nobody has asked for is a typing error of the caller.
internal sealed class GraderFields(JsonElement grader)
{
    private readonly HashSet<string> _read = [];

    public string Text(string name, string? standard = null)
    {
        if (Find(name) is not { } value)
            return standard ?? throw new GraderException($"$.{name}", "is missing; write it as text");
        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: > 0 } text)
            throw new GraderException($"$.{name}", $"{value.GetRawText()} is not text of at least one letter");
        return text;
    }

    public double Number(string name, double standard)
    {
        if (Find(name) is not { } value) return standard;
        return value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : throw new GraderException($"$.{name}", $"{value.GetRawText()} is not a number; write it without quotes, or leave it out for {standard}");
    }

    public Template Template(string name) => Graders.Template.Parse(Text(name), $"$.{name}");

    public void RejectUnread()
    {
        if (grader.EnumerateObject().Select(field => field.Name).FirstOrDefault(name => !_read.Contains(name)) is { } unknown)
            throw new GraderException($"$.{unknown}", $"is not a field of this grader; known are {string.Join(", ", _read.Order(StringComparer.Ordinal))}");
    }

    private JsonElement? Find(string name)
    {
        _read.Add(name);
        return grader.TryGetProperty(name, out var value) ? value : null;
    }
}
