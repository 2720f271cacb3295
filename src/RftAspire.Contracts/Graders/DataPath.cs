using System.Text.Json;
using System.Text.RegularExpressions;

namespace RftAspire.Contracts.Graders;

/// <summary>A place in JSON: property names and array indexes, such as <c>a.b[0].c</c>. The empty path is the value itself.</summary>
public sealed partial class DataPath : IEquatable<DataPath>
{
    private readonly Segment[] _segments;

    private DataPath(string text, Segment[] segments) => (Text, _segments) = (text, segments);

    /// <summary>The path as written.</summary>
    public string Text { get; }

    /// <summary>The property that the path begins with; null where it is empty or begins with an index.</summary>
    public string? Root => _segments is [{ Name: { } name }, ..] ? name : null;

    /// <summary>The path's property names, null where it has an index.</summary>
    public IReadOnlyList<string>? Names => _segments.All(segment => segment.Name is not null) ? [.. _segments.Select(segment => segment.Name!)] : null;

    /// <summary>Reads a path; null where the text is none.</summary>
    public static DataPath? Parse(string text)
    {
        if (text.Length > 0 && !Whole().IsMatch(text)) return null;
        return new DataPath(text, [.. Parts().Matches(text).Select(part => part.Value.StartsWith('[')
            ? new Segment(null, int.Parse(part.Value.AsSpan(1, part.Length - 2), System.Globalization.CultureInfo.InvariantCulture))
            : new Segment(part.Value, 0))]);
    }

    /// <summary>The value at this place, null where there is none or it is null.</summary>
    public JsonElement? Find(JsonElement value)
    {
        foreach (var (name, index) in _segments)
        {
            if (name is null)
            {
                if (value.ValueKind != JsonValueKind.Array || index >= value.GetArrayLength()) return null;
                value = value[index];
            }
            else if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value))
            {
                return null;
            }
        }
        return value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined ? null : value;
    }

    public bool Equals(DataPath? other) => other?.Text == Text;

    public override bool Equals(object? obj) => Equals(obj as DataPath);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    // An index of more digits names no place that a row could have.
    [GeneratedRegex(@"^(?:[^\s.\[\]{}]+|\[\d{1,6}\])(?:\.[^\s.\[\]{}]+|\[\d{1,6}\])*\z")]
    private static partial Regex Whole();

    [GeneratedRegex(@"[^.\[\]]+|\[\d+\]")]
    private static partial Regex Parts();

    private readonly record struct Segment(string? Name, int Index);
}
