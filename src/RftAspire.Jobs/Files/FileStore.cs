using Google.Protobuf;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using StackExchange.Redis;

namespace RftAspire.Jobs.Files;

/// <summary>What is known of the uploaded files. One exists when both its record and its file do.</summary>
public sealed class FileStore(ConnectionMultiplexer redis, ArtifactStore artifacts)
{
    // rft:files   hash   id -> StoredFile (protobuf)
    private static readonly RedisKey Files = "rft:files";

    private IDatabase Database => redis.GetDatabase();

    public Task WriteAsync(StoredFile file) =>
        Database.HashSetAsync(Files, file.Id, file.ToByteArray()).WaitAsync(Extensions.RedisDeadline);

    public Task DeleteAsync(string id) => Database.HashDeleteAsync(Files, id).WaitAsync(Extensions.RedisDeadline);

    public async Task<StoredFile?> FindAsync(string id)
    {
        if (!ArtifactStore.IsId(id) || !File.Exists(artifacts.DatasetFile(id))) return null;
        var stored = await Database.HashGetAsync(Files, id).WaitAsync(Extensions.RedisDeadline);
        return stored.IsNull ? null : StoredFile.Parser.ParseFrom((byte[])stored!);
    }
}
