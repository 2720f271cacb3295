using System.Text.Json;

namespace RftAspire.Contracts.Graders;

/// <summary>Bounds of a reward, both allowed.</summary>
public sealed record RewardRange(double Min, double Max)
{
    public bool Contains(double reward) => reward >= Min && reward <= Max;

    public override string ToString() => FormattableString.Invariant($"{Min} to {Max}");
}

// Fields of graders that live elsewhere.
internal static class RemoteFields
{
    public static Uri Address(this GraderFields fields, string name)
    {
        var text = fields.Text(name);
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.Host.Length == 0)
            throw fields.Fault(name, $"'{text}' is no address; write http://host:port or https://host");
        // Neither may reach a log: what comes before the @ is a password, and a fragment is never sent.
        return address is { UserInfo: "", Fragment: "" }
            ? address
            : throw fields.Fault(name, "has a user or a fragment; put credentials into headers and leave out what follows '#'");
    }

    public static TimeSpan Timeout(this GraderFields fields) => TimeSpan.FromSeconds(fields.Number("timeout_seconds", 30, 0.1, 600));

    public static RewardRange? Range(this GraderFields fields)
    {
        if (fields.Find("range") is not { } range) return null;
        var bounds = range.ValueKind == JsonValueKind.Array ? range.EnumerateArray().Where(bound => bound.ValueKind == JsonValueKind.Number).Select(bound => bound.GetDouble()).ToArray() : [];
        return bounds is [var min, var max] && range.GetArrayLength() == 2 && double.IsFinite(min) && double.IsFinite(max) && min < max
            ? new RewardRange(min, max)
            : throw fields.Fault("range", $"{range.GetRawText()} is not the least and the greatest reward; write [0, 1]");
    }
}
