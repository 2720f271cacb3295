using System.Globalization;
using System.Text.Json;

namespace RftAspire.Engine.Constraints;

/// <summary>A schema, or a part of one, with its JSON pointer.</summary>
internal readonly record struct SchemaElement(JsonElement Value, string Path)
{
    private const int MaxCount = 1_000_000_000;

    public bool Has(string keyword) => Value.TryGetProperty(keyword, out _);

    public SchemaElement this[string keyword] => new(Value.GetProperty(keyword), Child(keyword));

    public SchemaElement? Find(string keyword) => Value.TryGetProperty(keyword, out var value) ? new SchemaElement(value, Child(keyword)) : null;

    public IEnumerable<SchemaElement> Items()
    {
        if (Value.ValueKind != JsonValueKind.Array) throw Error($"must be an array, not {Describe()}");
        var path = Path;
        return Value.EnumerateArray().Select((item, index) => new SchemaElement(item, $"{path}/{index}"));
    }

    public IEnumerable<(string Name, SchemaElement Schema)> Members()
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Error($"must be an object, not {Describe()}");
        var element = this;
        return Value.EnumerateObject().Select(member => (member.Name, new SchemaElement(member.Value, element.Child(member.Name))));
    }

    public string Text() => Value.ValueKind == JsonValueKind.String ? Value.GetString()! : throw Error($"must be a string, not {Describe()}");

    public string Number() => Value.ValueKind == JsonValueKind.Number ? Value.GetRawText() : throw Error($"must be a number, not {Describe()}");

    public CountLimits Limits(string min, string max) => new(Count(min, 0), Count(max, CountLimits.Unbounded));

    /// <summary>The keyword's count, or <paramref name="otherwise"/> where it is absent.</summary>
    private int Count(string keyword, int otherwise)
    {
        if (Find(keyword) is not { } element) return otherwise;
        return double.TryParse(element.Number(), CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= MaxCount && value == Math.Floor(value)
            ? (int)value
            : throw element.Error($"must be a whole number from 0 to {MaxCount}, not {element.Describe()}");
    }

    public SchemaException Error(string message, Exception? inner = null) => new(Path, message, inner);

    public string Describe()
    {
        var text = Value.GetRawText();
        return text.Length > 60 ? text[..60] + "…" : text;
    }

    private string Child(string name) => $"{Path}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
}
