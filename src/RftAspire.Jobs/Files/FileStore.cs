using Google.Protobuf;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using StackExchange.Redis;
using static Microsoft.Extensions.Hosting.Extensions;

namespace RftAspire.Jobs.Files;

/// <summary>
/// The files of each tenant. One exists when both its record and its bytes do; whatever else there is of it stands in the list
/// of what is due, from which the sweeper deletes it.
/// </summary>
public sealed class FileStore(ConnectionMultiplexer redis, ArtifactStore artifacts, TimeProvider clock)
{
    // rft:files:{tenant}        hash        file id -> StoredFile (protobuf)
    // rft:file-order:{tenant}   sorted set  file ids by time of creation
    // rft:file-bytes            hash        tenant -> bytes of its files
    // rft:files-due             sorted set  {tenant}/{id of file or upload} by the time from which it is to be deleted
    private static RedisKey Files(string tenant) => $"rft:files:{tenant}";
    private static RedisKey Order(string tenant) => $"rft:file-order:{tenant}";
    private static readonly RedisKey Bytes = "rft:file-bytes";
    private static readonly RedisKey Due = "rft:files-due";

    private const int Batch = 1000;

    // KEYS files, order, bytes, due; ARGV id, file, time, size, tenant, bytes that it may have (0: any), expiry (0: none), due name.
    private const string Write = """
        local have = tonumber(redis.call('HGET', KEYS[3], ARGV[5]) or '0')
        if ARGV[6] ~= '0' and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and have + ARGV[4] > tonumber(ARGV[6]) then return 0 end
        if redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) == 1 then redis.call('HINCRBY', KEYS[3], ARGV[5], ARGV[4]) end
        redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
        if ARGV[7] == '0' then redis.call('ZREM', KEYS[4], ARGV[8]) else redis.call('ZADD', KEYS[4], ARGV[7], ARGV[8]) end
        return 1
        """;

    // KEYS as above; ARGV id, size, tenant, due name. The bytes are due at once.
    private const string Delete = """
        if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
        redis.call('ZREM', KEYS[2], ARGV[1])
        redis.call('HINCRBY', KEYS[3], ARGV[3], -ARGV[2])
        redis.call('ZADD', KEYS[4], 0, ARGV[4])
        return 1
        """;

    private IDatabase Database => redis.GetDatabase();

    /// <summary>Where a file's bytes lie.</summary>
    public string PathOf(StoredFile file) => file.Purpose == FilePurpose.FineTune ? artifacts.DatasetFile(file.Id) : artifacts.OtherFile(file.Id);

    /// <summary>Says before anything is written under an id from when on it is rubbish, unless it is recorded until then.</summary>
    public Task ReserveAsync(string tenant, string id, DateTimeOffset until) => Soon(Database.SortedSetAddAsync(Due, DueName(tenant, id), Milliseconds(until)));

    /// <summary>Records a file whose bytes are in place; false where the tenant would have more bytes than it may (0: any number).</summary>
    public async Task<bool> WriteAsync(string tenant, StoredFile file, long mostBytes = 0) => (int)await EvaluateAsync(Write, tenant, [
        file.Id, file.ToByteArray(), Milliseconds(file.CreatedAt.ToDateTimeOffset()), file.Bytes, tenant, mostBytes,
        file.ExpiresAt is { } end ? Milliseconds(end.ToDateTimeOffset()) : 0, DueName(tenant, file.Id)]) == 1;

    /// <summary>The tenant's file; a foreign, expired or deleted one is as unknown as one that never was.</summary>
    public async Task<StoredFile?> FindAsync(string tenant, string id)
    {
        if (!ArtifactStore.IsId(id)) return null;
        return Read(await Soon(Database.HashGetAsync(Files(tenant), id))) is { } file && !IsOver(file) && File.Exists(PathOf(file)) ? file : null;
    }

    /// <summary>The tenant's files by time of creation, after the given one; null if that one is unknown.</summary>
    public async Task<List<StoredFile>?> ListAsync(string tenant, string after, string purpose, bool ascending, int count)
    {
        var order = ascending ? StackExchange.Redis.Order.Ascending : StackExchange.Redis.Order.Descending;
        long first = 0;
        if (after.Length > 0)
        {
            if (await Soon(Database.SortedSetRankAsync(Order(tenant), after, order)) is not { } rank) return null;
            first = rank + 1;
        }
        var found = new List<StoredFile>();
        while (found.Count < count)
        {
            var ids = await Soon(Database.SortedSetRangeByRankAsync(Order(tenant), first, first + Batch - 1, order));
            if (ids.Length == 0) break;
            first += ids.Length;
            var files = (await Soon(Database.HashGetAsync(Files(tenant), ids))).Select(Read).OfType<StoredFile>();
            found.AddRange(files.Where(file => !IsOver(file) && (purpose.Length == 0 || file.Purpose == purpose)));
        }
        return [.. found.Take(count)];
    }

    /// <summary>Deletes record, then bytes; what a killed process leaves of that, the sweeper does.</summary>
    public async Task<bool> DeleteAsync(string tenant, StoredFile file)
    {
        if ((int)await EvaluateAsync(Delete, tenant, [file.Id, file.Bytes, tenant, DueName(tenant, file.Id)]) == 0) return false;
        await RemoveBytesAsync(tenant, file.Id);
        return true;
    }

    /// <summary>What is due by now, as tenant and id of a file or an upload.</summary>
    public async Task<(string Tenant, string Id)[]> DueAsync()
    {
        var names = await Soon(Database.SortedSetRangeByScoreAsync(Due, stop: Milliseconds(clock.GetUtcNow()), take: Batch));
        return Array.ConvertAll(names, name => ((string)name!).Split('/') is [var tenant, var id] ? (tenant, id) : throw new InvalidDataException($"rft:files-due holds '{name}'"));
    }

    /// <summary>The record of a file, also of one that has expired.</summary>
    public async Task<StoredFile?> RecordAsync(string tenant, string id) => Read(await Soon(Database.HashGetAsync(Files(tenant), id)));

    /// <summary>Deletes the bytes of an id that has no record.</summary>
    public Task RemoveBytesAsync(string tenant, string id)
    {
        string[] places = [artifacts.DatasetFile(id), artifacts.OtherFile(id)];
        foreach (var place in places.Where(File.Exists)) File.Delete(place);
        return SettleAsync(tenant, id);
    }

    /// <summary>Nothing is left to be deleted of this id.</summary>
    public Task SettleAsync(string tenant, string id) => Soon(Database.SortedSetRemoveAsync(Due, DueName(tenant, id)));

    private bool IsOver(StoredFile file) => file.ExpiresAt is { } end && end.ToDateTimeOffset() <= clock.GetUtcNow();

    private Task<RedisResult> EvaluateAsync(string script, string tenant, RedisValue[] values) =>
        Database.EvaluateAsync(script, [Files(tenant), Order(tenant), Bytes, Due], values);

    private static StoredFile? Read(RedisValue value) => value.IsNull ? null : StoredFile.Parser.ParseFrom((byte[])value!);

    private static string DueName(string tenant, string id) => $"{tenant}/{id}";

    private static long Milliseconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds();
}
