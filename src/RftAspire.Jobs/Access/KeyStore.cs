using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using StackExchange.Redis;
using static Microsoft.Extensions.Hosting.Extensions;
using Enum = System.Enum;

namespace RftAspire.Jobs.Access;

/// <summary>The API keys. Nothing is remembered between two calls, so that a key that is revoked or runs out counts no longer at once.</summary>
public sealed class KeyStore(ConnectionMultiplexer redis, TimeProvider clock)
{
    // rft:key:{id}        hash     digest (SHA-256 of the secret), name, tenant, role, hint, created, expires, revoked
    //                              (milliseconds since 1970; 0 for never)
    // rft:keys:{tenant}   sorted   ids of its keys by creation time
    private static RedisKey Key(string id) => $"rft:key:{id}";
    private static RedisKey All(string tenant) => $"rft:keys:{tenant}";

    /// <summary>KEYS key, all; ARGV id, created, then fields and values. Returns 0 if the key exists already.</summary>
    private const string Add = """
        if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
        redis.call('HSET', KEYS[1], unpack(ARGV, 3))
        redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
        return 1
        """;

    /// <summary>KEYS key, all keys of the operator; ARGV now, the operator's tenant. Returns a <see cref="Revocation"/>.</summary>
    private const string Revoke = """
        local function isAdmin(name)
            local key = redis.call('HMGET', name, 'role', 'expires', 'revoked')
            return key[1] == 'Admin' and key[3] == '0' and (key[2] == '0' or tonumber(key[2]) > tonumber(ARGV[1]))
        end
        local key = redis.call('HMGET', KEYS[1], 'tenant', 'revoked')
        if not key[1] then return 0 end
        if key[2] ~= '0' then return 1 end
        if key[1] == ARGV[2] and isAdmin(KEYS[1]) then
            local admins = 0
            for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
                if isAdmin('rft:key:' .. id) then admins = admins + 1 end
            end
            if admins == 1 then return 2 end
        end
        redis.call('HSET', KEYS[1], 'revoked', ARGV[1])
        return 1
        """;

    private IDatabase Database => redis.GetDatabase();

    /// <summary>Records a key; one that is known already stays as it is.</summary>
    public async Task<bool> AddAsync(ApiKey key, string secret)
    {
        var digest = KeySecret.Digest(secret);
        key.Id = KeySecret.Id(digest);
        key.Hint = KeySecret.Hint(secret);
        var created = Milliseconds(key.CreatedAt);
        return 1 == (int)await Database.EvaluateAsync(Add, [Key(key.Id), All(key.Tenant)], [
            key.Id, created, "digest", digest, "name", key.Name, "tenant", key.Tenant, "role", key.Role.ToString(), "hint", key.Hint,
            "created", created, "expires", Milliseconds(key.ExpiresAt), "revoked", Milliseconds(key.RevokedAt)]);
    }

    /// <summary>The key of a secret, if it is in force. Whatever the secret is, this takes the same steps.</summary>
    public async Task<ApiKey?> FindInForceAsync(string secret)
    {
        var digest = KeySecret.Digest(secret);
        var id = KeySecret.Id(digest);
        var fields = await ReadAsync(id);
        var known = Encoding.ASCII.GetBytes((string?)fields.GetValueOrDefault("digest") ?? new string('0', digest.Length));
        var isSame = CryptographicOperations.FixedTimeEquals(known, Encoding.ASCII.GetBytes(digest));
        return isSame && ToMessage(id, fields) is var key && IsInForce(key) ? key : null;
    }

    /// <summary>Ends a call whose key has been revoked or has run out since it began.</summary>
    public async Task RequireInForceAsync(string id)
    {
        if (await FindAsync(id) is not { } key || !IsInForce(key)) throw new RpcException(new Status(StatusCode.Unauthenticated, Refusal.NoKey));
    }

    public async Task<ApiKey?> FindAsync(string id) => await ReadAsync(id) is { Count: > 0 } fields ? ToMessage(id, fields) : null;

    /// <summary>The key if it is the tenant's; nothing of another one is read.</summary>
    public async Task<ApiKey?> FindAsync(string tenant, string id) =>
        await Soon(Database.SortedSetScoreAsync(All(tenant), id)) is null ? null : await FindAsync(id);

    /// <summary>The tenant's keys, newest first.</summary>
    public async Task<ApiKey[]> ListAsync(string tenant)
    {
        var ids = await Soon(Database.SortedSetRangeByRankAsync(All(tenant), 0, -1, Order.Descending));
        var keys = await Task.WhenAll(ids.Select(id => FindAsync((string)id!)));
        return [.. keys.OfType<ApiKey>()];
    }

    /// <summary>Revokes a key, unless it is the last one that can administer the platform.</summary>
    public async Task<Revocation> RevokeAsync(string id) => (Revocation)(int)await Database.EvaluateAsync(
        Revoke, [Key(id), All(Caller.DefaultTenant)], [clock.GetUtcNow().ToUnixTimeMilliseconds(), Caller.DefaultTenant]);

    private bool IsInForce(ApiKey key) =>
        key.RevokedAt is null && (key.ExpiresAt is null || key.ExpiresAt.ToDateTimeOffset() > clock.GetUtcNow());

    private async Task<Dictionary<string, RedisValue>> ReadAsync(string id) =>
        (await Soon(Database.HashGetAllAsync(Key(id)))).ToDictionary(field => (string)field.Name!, field => field.Value);

    private static ApiKey ToMessage(string id, Dictionary<string, RedisValue> fields) => new()
    {
        Id = id,
        Name = fields["name"],
        Tenant = fields["tenant"],
        Role = Enum.Parse<Role>((string)fields["role"]!),
        Hint = fields["hint"],
        CreatedAt = Time(fields["created"]),
        ExpiresAt = Time(fields["expires"]),
        RevokedAt = Time(fields["revoked"]),
    };

    private static Timestamp? Time(RedisValue milliseconds) =>
        (long)milliseconds is not 0 and var time ? DateTimeOffset.FromUnixTimeMilliseconds(time).ToTimestamp() : null;

    private static string Milliseconds(Timestamp? time) =>
        (time?.ToDateTimeOffset().ToUnixTimeMilliseconds() ?? 0).ToString(CultureInfo.InvariantCulture);
}

/// <summary>What became of a revocation.</summary>
public enum Revocation
{
    Unknown,
    Revoked,
    /// <summary>Refused: without this key nobody could manage the platform.</summary>
    LastAdmin,
}
