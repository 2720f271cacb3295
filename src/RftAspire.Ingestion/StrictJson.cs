using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace RftAspire.Ingestion;

/// <summary>Finds what stops a line from being strict JSON, in one pass and with no recursion.</summary>
internal static class StrictJson
{
    public const int MaxDepth = 64;

    public static Fault? FindFault(ReadOnlySpan<byte> line)
    {
        if (!Utf8.IsValid(line)) return new Fault("not_utf8", "the line holds bytes that are not UTF-8; save the file as UTF-8");
        // One level more than allowed, so that the reader meets the limit after the check below has named it.
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = MaxDepth + 1 });
        var keys = new Stack<HashSet<string>>();
        try
        {
            while (reader.Read())
            {
                if (FindFault(ref reader, keys) is { } fault) return fault;
            }
            return null;
        }
        catch (JsonException error)
        {
            return new Fault("invalid_json", Describe(error, line));
        }
    }

    private static Fault? FindFault(ref Utf8JsonReader reader, Stack<HashSet<string>> keys)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject or JsonTokenType.StartArray when reader.CurrentDepth >= MaxDepth:
                return new Fault("too_deep", $"values are nested more than {MaxDepth} levels deep; flatten them");
            case JsonTokenType.StartObject:
                keys.Push([]);
                return null;
            case JsonTokenType.EndObject:
                keys.Pop();
                return null;
            case JsonTokenType.String or JsonTokenType.PropertyName when reader.ValueIsEscaped && FindLoneSurrogate(reader.ValueSpan) is { } half:
                return new Fault("lone_surrogate", $"the escape \\u{half} is half of a surrogate pair and no character; write both halves or leave it out");
            case JsonTokenType.PropertyName when reader.GetString()! is var key && !keys.Peek().Add(key):
                return new Fault("duplicate_key", $"the key \"{Excerpt.Of(key)}\" occurs twice in one object; keep one of the two");
            default:
                return null;
        }
    }

    // The hexadecimal digits of the first \u escape of a surrogate without its other half.
    private static string? FindLoneSurrogate(ReadOnlySpan<byte> escaped)
    {
        for (var at = escaped.IndexOf((byte)'\\'); at >= 0 && at < escaped.Length; at++)
        {
            if (escaped[at] != '\\') continue;
            at++;
            if (!IsSurrogate(escaped, at, 0xD800, 0xDFFF)) continue;
            var paired = IsSurrogate(escaped, at, 0xD800, 0xDBFF) && escaped[(at + 5)..] is [(byte)'\\', ..] && IsSurrogate(escaped, at + 6, 0xDC00, 0xDFFF);
            if (!paired) return System.Text.Encoding.ASCII.GetString(escaped.Slice(at + 1, 4));
            at += 10;
        }
        return null;
    }

    // Whether the "uXXXX" at this place is in the range; the reader has checked the digits.
    private static bool IsSurrogate(ReadOnlySpan<byte> escaped, int at, int first, int last) =>
        at + 5 <= escaped.Length && escaped[at] == 'u'
        && int.Parse(escaped.Slice(at + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var code
        && code >= first && code <= last;

    private static string Describe(JsonException error, ReadOnlySpan<byte> line)
    {
        var at = (int)(error.BytePositionInLine ?? 0);
        var reason = error.Message.Split(" LineNumber:", 2)[0].TrimEnd('.');
        return $"not JSON at byte {at + 1}: {reason}; {Hint(line, at)}";
    }

    private static string Hint(ReadOnlySpan<byte> line, int at) => at >= line.TrimEnd(" \t\r"u8).Length
        ? "the line stops early: write the whole row on one line, and upload again if the file was cut off"
        : line[at] switch
        {
            (byte)'\'' => "names and text take double quotes, as json.dumps writes them",
            (byte)'N' or (byte)'I' => "NaN and Infinity are not JSON: write null or a number",
            (byte)'}' or (byte)']' => "remove the comma before the closing bracket",
            (byte)'{' => "write one object a line",
            _ => "each line must be one JSON object",
        };
}

/// <summary>Values in messages: long ones are cut.</summary>
internal static class Excerpt
{
    private const int MaxLength = 80;

    public static string Of(string text) => text.Length <= MaxLength
        ? text
        : $"{text[..(char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength)]}…";

    public static string Of(JsonElement value) => Of(value.GetRawText());
}
