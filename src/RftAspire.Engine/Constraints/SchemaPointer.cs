using System.Globalization;
using System.Text.Json;

namespace RftAspire.Engine.Constraints;

/// <summary>Follows a '$ref' within its own document (RFC 6901, in the fragment form).</summary>
internal static class SchemaPointer
{
    public static SchemaElement Resolve(SchemaElement root, SchemaElement reference)
    {
        var pointer = reference.Text();
        if (pointer != "#" && !pointer.StartsWith("#/", StringComparison.Ordinal))
            throw reference.Error($"'{pointer}' is not supported; a reference must point into this schema: \"#\" or \"#/$defs/name\"");
        return pointer.Split('/').Skip(1).Aggregate(root, (element, part) => Step(element, Decode(part)) ?? throw reference.Error($"'{pointer}' points to nothing: there is no '{Decode(part)}' at {element.Path}"));
    }

    private static SchemaElement? Step(SchemaElement element, string part) => element.Value.ValueKind switch
    {
        JsonValueKind.Object => element.Find(part),
        JsonValueKind.Array when int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < element.Value.GetArrayLength() =>
            new SchemaElement(element.Value[index], $"{element.Path}/{index}"),
        _ => null,
    };

    private static string Decode(string part) =>
        Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
}
