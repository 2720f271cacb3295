using System.Globalization;
using System.Text.Json;
using RftAspire.Contracts;
using StackExchange.Redis;
using static Microsoft.Extensions.Hosting.Extensions;

namespace RftAspire.Jobs.Files;

/// <summary>An upload in parts, as it was asked for.</summary>
/// <param name="FileId">The id of the file that it will be; completing it twice makes one file.</param>
public sealed record Upload(
    string Id, string Filename, string Purpose, long Bytes, long ExpiresAfterSeconds, string FileId, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <summary>How far an upload is.</summary>
/// <param name="Status">pending, completed or cancelled.</param>
/// <param name="Parts">Bytes of each part.</param>
public sealed record UploadState(Upload Upload, string Status, IReadOnlyDictionary<string, long> Parts);

/// <summary>Uploads in parts: what is known of them in Redis, their parts on disk, so that a restart keeps both.</summary>
public sealed class UploadStore(ConnectionMultiplexer redis, ArtifactStore artifacts, FileStore files)
{
    public const string Pending = "pending";
    public const string Completed = "completed";
    public const string Cancelled = "cancelled";

    // rft:upload:{tenant}:{id}   hash   upload (JSON), status, wanted (the parts that it is completed with), {part id} -> bytes
    private static RedisKey Key(string tenant, string id) => $"rft:upload:{tenant}:{id}";

    private const string PartPrefix = "part_";

    // ARGV part, its bytes.
    private const string Add = """
        if redis.call('HGET', KEYS[1], 'status') ~= 'pending' then return 0 end
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
        return 1
        """;

    // ARGV parts, from when on other ones may be wanted. Whoever wants the same parts as before goes on where a killed process stopped.
    private const string Want = """
        local status, wanted = unpack(redis.call('HMGET', KEYS[1], 'status', 'wanted'))
        if wanted and wanted ~= ARGV[1] then return 'other' end
        if status == 'pending' then redis.call('HSET', KEYS[1], 'wanted', ARGV[1]) end
        return status
        """;

    // ARGV the state to move to.
    private const string Move = """
        if redis.call('HGET', KEYS[1], 'status') ~= 'pending' then return 0 end
        redis.call('HSET', KEYS[1], 'status', ARGV[1])
        return 1
        """;

    private IDatabase Database => redis.GetDatabase();

    public static bool IsUpload(string id) => id.StartsWith("upload_", StringComparison.Ordinal);

    public string PartFile(string id, string part) => Path.Combine(Folder(id), ArtifactStore.IsId(part) ? part : throw new ArgumentException($"'{part}' is no id"));

    public async Task CreateAsync(string tenant, Upload upload)
    {
        await files.ReserveAsync(tenant, upload.Id, upload.ExpiresAt);
        Directory.CreateDirectory(Folder(upload.Id));
        HashEntry[] fields = [new("upload", JsonSerializer.Serialize(upload, ArtifactStore.Json)), new("status", Pending)];
        await Soon(Database.HashSetAsync(Key(tenant, upload.Id), fields));
    }

    public async Task<UploadState?> FindAsync(string tenant, string id)
    {
        if (!ArtifactStore.IsId(id) || !IsUpload(id)) return null;
        var fields = (await Soon(Database.HashGetAllAsync(Key(tenant, id)))).ToDictionary(entry => (string)entry.Name!, entry => (string)entry.Value!);
        if (!fields.TryGetValue("upload", out var upload)) return null;
        var parts = fields.Where(field => field.Key.StartsWith(PartPrefix, StringComparison.Ordinal));
        return new UploadState(
            JsonSerializer.Deserialize<Upload>(upload, ArtifactStore.Json)!,
            fields["status"],
            parts.ToDictionary(part => part.Key, part => long.Parse(part.Value, CultureInfo.InvariantCulture)));
    }

    /// <summary>Counts a part whose bytes are in place; false where the upload is no longer open.</summary>
    public async Task<bool> AddAsync(string tenant, string id, string part, long bytes) => (int)await EvaluateAsync(Add, tenant, id, part, bytes) == 1;

    /// <summary>Says which parts the upload is completed with; gives its status, or "other" where others were named before.</summary>
    public async Task<string> WantAsync(string tenant, string id, IEnumerable<string> parts) =>
        (string)(await EvaluateAsync(Want, tenant, id, string.Join(',', parts)))!;

    /// <summary>Forgets which parts were wanted, since they make no sound file.</summary>
    public Task UnwantAsync(string tenant, string id) => Soon(Database.HashDeleteAsync(Key(tenant, id), "wanted"));

    /// <summary>Closes an open upload; its parts are gone then.</summary>
    public async Task<bool> CloseAsync(string tenant, string id, string status)
    {
        if ((int)await EvaluateAsync(Move, tenant, id, status) == 0) return false;
        RemoveParts(id);
        return true;
    }

    /// <summary>Deletes all there is of an upload.</summary>
    public async Task RemoveAsync(string tenant, string id)
    {
        await Soon(Database.KeyDeleteAsync(Key(tenant, id)));
        RemoveParts(id);
        await files.SettleAsync(tenant, id);
    }

    private void RemoveParts(string id)
    {
        if (Directory.Exists(Folder(id))) Directory.Delete(Folder(id), recursive: true);
    }

    private string Folder(string id) => Path.Combine(artifacts.Root, "uploads", ArtifactStore.IsId(id) ? id : throw new ArgumentException($"'{id}' is no id"));

    private Task<RedisResult> EvaluateAsync(string script, string tenant, string id, params RedisValue[] values) =>
        Database.EvaluateAsync(script, [Key(tenant, id)], values);
}
