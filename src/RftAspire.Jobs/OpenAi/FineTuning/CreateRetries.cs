using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RftAspire.Jobs.Access;
using StackExchange.Redis;
using static Microsoft.Extensions.Hosting.Extensions;

namespace RftAspire.Jobs.OpenAi.FineTuning;

/// <summary>
/// Gives every create an idempotency key. An SDK that has lost the answer sends the same bytes again, without a key but saying that it
/// tries again: that is the first try's key. The same bytes as a first try are a second job.
/// </summary>
public sealed class CreateRetries(ConnectionMultiplexer redis)
{
    private const string Header = "Idempotency-Key";
    private const string RetryCount = "x-stainless-retry-count";
    private const int LongestKey = 255;

    // Longer than the SDKs' tries and their timeouts together.
    private static readonly TimeSpan s_remembered = TimeSpan.FromMinutes(40);

    // rft:create:{tenant}:{digest of key id and body}   string   idempotency key of the last create with this body
    private static RedisKey LastCreate(string tenant, string digest) => $"rft:create:{tenant}:{digest}";

    public async Task<string> KeyAsync(Caller caller, HttpRequest request, string body)
    {
        if (request.Headers[Header].ToString() is { Length: > 0 } given)
            return given.Length <= LongestKey ? "given:" + given : throw OpenAiException.Invalid(Header, $"has {given.Length} characters; at most {LongestKey}");
        var last = LastCreate(caller.Tenant, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(caller.KeyId + "\n" + body))));
        var database = redis.GetDatabase();
        if (IsRetry(request) && await Soon(database.StringGetAsync(last)) is { IsNull: false } key) return key!;
        var made = "made:" + RandomNumberGenerator.GetHexString(32, lowercase: true);
        await Soon(database.StringSetAsync(last, made, s_remembered));
        return made;
    }

    /// <summary>A seed for a job that names none: any, but the same for the same key.</summary>
    public static int SeedOf(string key) => BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes(key))) & int.MaxValue;

    private static bool IsRetry(HttpRequest request) =>
        int.TryParse(request.Headers[RetryCount].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0;
}
