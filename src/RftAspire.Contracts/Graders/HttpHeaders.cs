using System.Text.Json;
using System.Text.RegularExpressions;

namespace RftAspire.Contracts.Graders;

/// <summary>Headers in a grader's definition. Their values are secrets, so faults name the header alone.</summary>
internal static partial class HttpHeaders
{
    private const int MaxHeaders = 32;
    private const int MaxLength = 8192;

    // What frames a request is not the caller's to write.
    private static readonly HashSet<string> s_reserved = new(["host", "connection", "transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive"], StringComparer.OrdinalIgnoreCase);

    public static IReadOnlyDictionary<string, string> Read(GraderFields fields)
    {
        if (fields.Find("headers") is not { } headers) return new Dictionary<string, string>();
        if (headers.ValueKind != JsonValueKind.Object || headers.EnumerateObject().Count() > MaxHeaders)
            throw fields.Fault("headers", $$"""is no object of at most {{MaxHeaders}} headers; write {"Authorization": "Bearer ..."}""");
        var read = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var header in headers.EnumerateObject())
        {
            if (!Token().IsMatch(header.Name) || s_reserved.Contains(header.Name) || header.Name.StartsWith("content-", StringComparison.OrdinalIgnoreCase))
                throw fields.Fault("headers", $"'{header.Name}' is no header to set; leave it out");
            if (header.Value.ValueKind != JsonValueKind.String || header.Value.GetString() is not { Length: <= MaxLength } value || !Printable().IsMatch(value))
                throw fields.Fault($"headers.{header.Name}", $"has a value that is no text of up to {MaxLength} ASCII letters on one line");
            if (!read.TryAdd(header.Name, value)) throw fields.Fault($"headers.{header.Name}", "is there twice; header names are alike in upper and lower case");
        }
        return read;
    }

    [GeneratedRegex(@"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}\z")]
    private static partial Regex Token();

    [GeneratedRegex(@"^[\t\x20-\x7e]*\z")]
    private static partial Regex Printable();
}
