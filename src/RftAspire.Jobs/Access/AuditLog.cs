using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using StackExchange.Redis;
using static Microsoft.Extensions.Hosting.Extensions;

namespace RftAspire.Jobs.Access;

/// <summary>Who changed what. Bounded: its oldest entries give way.</summary>
public sealed partial class AuditLog(ConnectionMultiplexer redis, IOptions<AccessOptions> options, TimeProvider clock)
{
    // rft:audit:{tenant}   stream   field "event": AuditEvent (protobuf) without its id, which is the entry's
    private static RedisKey Log(string tenant) => $"rft:audit:{tenant}";

    private const int LongestTarget = 200;

    private IDatabase Database => redis.GetDatabase();

    public Task WriteAsync(Caller caller, string action, string target, string outcome)
    {
        var happened = new AuditEvent
        {
            Time = clock.GetUtcNow().ToTimestamp(),
            Tenant = caller.Tenant,
            KeyId = caller.KeyId,
            Action = action,
            Target = Plain(target),
            Outcome = outcome,
        };
        return Soon(Database.ExecuteAsync("XADD", Log(caller.Tenant), "MAXLEN", "~", options.Value.AuditEntries, "*", "event", happened.ToByteArray()));
    }

    /// <summary>Entries before the given one, newest first.</summary>
    public async Task<AuditEvent[]> ListAsync(string tenant, string before, int count)
    {
        var from = before.Length == 0 ? "+" : "(" + before;
        var entries = (RedisResult[])(await Soon(Database.ExecuteAsync("XREVRANGE", Log(tenant), from, "-", "COUNT", count)))!;
        return Array.ConvertAll(entries, ToMessage);
    }

    /// <summary>Whether a text is the id of an entry.</summary>
    public static bool IsId(string text) => EntryId().IsMatch(text);

    /// <summary>A caller's text as one line of plain characters: a forged line break or escape sequence is seen for what it is.</summary>
    public static string Plain(string text)
    {
        var plain = new StringBuilder();
        foreach (var c in text.Length > LongestTarget ? text[..LongestTarget] : text)
        {
            if (IsVisible(c)) plain.Append(c);
            else plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return plain.ToString();
    }

    private static bool IsVisible(char c) => c != '\\' && CharUnicodeInfo.GetUnicodeCategory(c) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    private static AuditEvent ToMessage(RedisResult entry)
    {
        var parts = (RedisResult[])entry!;
        var happened = AuditEvent.Parser.ParseFrom((byte[])((RedisResult[])parts[1]!)[1]!);
        happened.Id = (string)parts[0]!;
        return happened;
    }

    [GeneratedRegex("^[0-9]{1,19}-[0-9]{1,19}$")]
    private static partial Regex EntryId();
}
