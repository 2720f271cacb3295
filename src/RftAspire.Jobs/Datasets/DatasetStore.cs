using Google.Protobuf;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using StackExchange.Redis;

namespace RftAspire.Jobs.Datasets;

/// <summary>What is known of the uploaded datasets. One exists when both its record and its file do.</summary>
public sealed class DatasetStore(ConnectionMultiplexer redis, ArtifactStore artifacts)
{
    // rft:datasets   hash   id -> Dataset (protobuf)
    private static readonly RedisKey Datasets = "rft:datasets";

    private IDatabase Database => redis.GetDatabase();

    public Task WriteAsync(Dataset dataset) =>
        Database.HashSetAsync(Datasets, dataset.Id, dataset.ToByteArray()).WaitAsync(Extensions.RedisDeadline);

    public Task DeleteAsync(string id) => Database.HashDeleteAsync(Datasets, id).WaitAsync(Extensions.RedisDeadline);

    public async Task<bool> ExistsAsync(string id) =>
        ArtifactStore.IsId(id)
        && File.Exists(artifacts.DatasetFile(id))
        && await Database.HashExistsAsync(Datasets, id).WaitAsync(Extensions.RedisDeadline);
}
