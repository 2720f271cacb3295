using System.Text.RegularExpressions;
using RftAspire.Contracts;

namespace RftAspire.Jobs.OpenAi;

/// <summary>What a route calls the fields of the use case behind it: metadata of an endpoint.</summary>
/// <param name="names">The use case's field, or the start of one up to a dot or bracket; the route's; the code of its faults.</param>
public sealed partial class FieldNames(params (string Field, string Param, string Code)[] names)
{
    public static FieldNames None { get; } = new();

    /// <summary>A use case's fault as the route says it.</summary>
    public (string Param, string Description, string Code) Translate(Violation fault)
    {
        var (field, param, code) = names.FirstOrDefault(name => IsOrIsWithin(fault.Field, name.Field));
        if (field is null) return (fault.Field, fault.Description, "invalid_value");
        // A fault of JSON that was handed through begins with its place within it.
        var place = Place().Match(fault.Description);
        return (param + fault.Field[field.Length..] + place.Groups[1].Value, fault.Description[place.Length..], code);
    }

    private static bool IsOrIsWithin(string field, string start) =>
        field.StartsWith(start, StringComparison.Ordinal) && (field.Length == start.Length || field[start.Length] is '.' or '[');

    [GeneratedRegex(@"^(?:grader )?(?:\$|data_source|data_source_config_json)((?:[.\[][^:\s]*)?): ")]
    private static partial Regex Place();
}
