using System.Buffers;
using System.Globalization;
using System.Text;
using Grpc.Core;

namespace RftAspire.Embedded.Grpc.Wire;

/// <summary>Names and text forms of the headers that gRPC puts on HTTP/2.</summary>
internal static class GrpcHeader
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string Gzip = "gzip";
    public const string Identity = "identity";
    public const string Encodings = "identity,gzip";

    /// <summary>The longest wait that a .NET timer takes, about 49 days.</summary>
    public static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    // Headers of the transport, which are not the caller's metadata.
    private static readonly HashSet<string> Transport = new(StringComparer.OrdinalIgnoreCase)
    {
        "accept-encoding", "content-length", "content-type", "date", "host", "server", "te", "trailer",
        Status, Message, Timeout, Encoding, AcceptEncoding,
    };

    private static readonly SearchValues<char> Unescaped =
        SearchValues.Create(Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Where(c => c != '%').ToArray());

    public static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');

    /// <summary>Percent-encodes what is not printable ASCII, over UTF-8.</summary>
    public static string Escape(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(Unescaped))
        {
            return text;
        }
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var b in System.Text.Encoding.UTF8.GetBytes(text))
        {
            _ = b is >= (byte)' ' and <= (byte)'~' and not (byte)'%'
                ? escaped.Append((char)b)
                : escaped.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }
        return escaped.ToString();
    }

    /// <summary>Undoes <see cref="Escape"/>; a stray percent sign stands for itself.</summary>
    public static string Unescape(string text) =>
        text.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(text) : text;

    /// <summary>At most eight digits and a unit, rounded up.</summary>
    public static string FormatTimeout(TimeSpan timeout)
    {
        const long limit = 100_000_000;
        var milliseconds = Math.Max(1, (long)Math.Ceiling(timeout.TotalMilliseconds));
        var seconds = (milliseconds + 999) / 1000;
        return milliseconds < limit ? $"{milliseconds}m"
            : seconds < limit ? $"{seconds}S"
            : $"{Math.Min((seconds + 3599) / 3600, limit - 1)}H";
    }

    public static TimeSpan ParseTimeout(string text)
    {
        if (text.Length is < 2 or > 9
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var amount)
            || UnitTicks(text[^1]) is not { } ticks)
        {
            throw new RpcException(new Status(
                StatusCode.Internal, $"grpc-timeout '{text}' is not one to eight digits and a unit of H, M, S, m, u, n."));
        }
        return TimeSpan.FromTicks((long)Math.Min(amount * ticks, long.MaxValue / 4));
    }

    public static void AddMetadata(Metadata metadata, string name, string value)
    {
        if (Transport.Contains(name) || !Metadata.IsKey(name))
        {
            return;
        }
        if (!Metadata.IsBinary(name))
        {
            metadata.Add(name, Printable(value));
            return;
        }
        foreach (var part in value.Split(',', StringSplitOptions.TrimEntries))
        {
            metadata.Add(name, FromBase64(name, part));
        }
    }

    /// <summary>The caller's metadata as headers: bytes become base64 without padding.</summary>
    public static IEnumerable<(string Name, string Value)> Format(Metadata metadata) => metadata
        .Where(entry => !Transport.Contains(entry.Key))
        .Select(entry => (entry.Key, entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes).TrimEnd('=') : entry.Value));

    private static double? UnitTicks(char unit) => unit switch
    {
        'H' => TimeSpan.TicksPerHour,
        'M' => TimeSpan.TicksPerMinute,
        'S' => TimeSpan.TicksPerSecond,
        'm' => TimeSpan.TicksPerMillisecond,
        'u' => TimeSpan.TicksPerMicrosecond,
        'n' => 1.0 / TimeSpan.NanosecondsPerTick,
        _ => null,
    };

    // HTTP allows bytes that gRPC does not; a foreign proxy's odd header must not fail the call.
    private static string Printable(string value) =>
        value.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? string.Concat(value.Select(c => c is >= ' ' and <= '~' ? c : '?'))
            : value;

    private static byte[] FromBase64(string name, string text)
    {
        try
        {
            return Convert.FromBase64String(text.TrimEnd('=') + new string('=', (4 - text.TrimEnd('=').Length % 4) % 4));
        }
        catch (FormatException)
        {
            throw GrpcFailure.Malformed($"the value of {name} is not base64");
        }
    }
}
