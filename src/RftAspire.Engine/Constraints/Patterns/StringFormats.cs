namespace RftAspire.Engine.Constraints.Patterns;

/// <summary>Formats of JSON Schema as patterns: all that they match is of the format, though not every text of the format matches.</summary>
internal static class StringFormats
{
    private const string LeapYear = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)";
    private const string Date = "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|" + LeapYear + "-02-29)";
    private const string Time = @"(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))";
    private const string Label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private const string Atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    private const string Octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private const string Hour = "[0-9]+H([0-9]+M([0-9]+S)?)?";
    private const string Clock = "T(" + Hour + "|[0-9]+M([0-9]+S)?|[0-9]+S)";

    /// <summary>RFC 3339 (date-time, date, time, duration), RFC 4122 (uuid), the dot-atom part of RFC 5321 (email), RFC 1123 (hostname), RFC 2673 (ipv4).</summary>
    private static readonly Dictionary<string, string> Patterns = new(StringComparer.Ordinal)
    {
        ["date-time"] = $"^{Date}T{Time}$",
        ["date"] = $"^{Date}$",
        ["time"] = $"^{Time}$",
        ["duration"] = $"^P([0-9]+W|[0-9]+D({Clock})?|[0-9]+M([0-9]+D)?({Clock})?|[0-9]+Y([0-9]+M([0-9]+D)?)?({Clock})?|{Clock})$",
        ["uuid"] = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        ["email"] = $@"^{Atom}(\.{Atom})*@{Label}(\.{Label})*$",
        ["hostname"] = $@"^{Label}(\.{Label})*$",
        ["ipv4"] = $@"^{Octet}(\.{Octet}){{3}}$",
    };

    public static IEnumerable<string> Names => Patterns.Keys;

    public static string? Pattern(string format) => Patterns.GetValueOrDefault(format);
}
