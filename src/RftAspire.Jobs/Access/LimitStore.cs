using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using StackExchange.Redis;
using static Microsoft.Extensions.Hosting.Extensions;

namespace RftAspire.Jobs.Access;

/// <summary>What a tenant may have and do: what was set for it, else the defaults of <see cref="AccessOptions"/>.</summary>
public sealed class LimitStore(ConnectionMultiplexer redis, IOptions<AccessOptions> options, TimeProvider clock)
{
    // rft:limits:{tenant}   hash   field of TenantLimits -> value, for those that were set
    private static RedisKey Limits(string tenant) => $"rft:limits:{tenant}";

    // Every call asks for them; one process writes them, so that only a second one would see an old value for so long.
    private static readonly TimeSpan s_remembered = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, (TenantLimits Limits, DateTimeOffset Until)> _known = new();

    private IDatabase Database => redis.GetDatabase();

    /// <summary>All fields present; 0 stands for no limit.</summary>
    public async Task<TenantLimits> ForAsync(string tenant)
    {
        var now = clock.GetUtcNow();
        if (_known.TryGetValue(tenant, out var known) && now < known.Until) return known.Limits;
        var limits = await ReadAsync(tenant);
        _known[tenant] = (limits, now + s_remembered);
        return limits;
    }

    /// <summary>Sets the fields that are given.</summary>
    public async Task SetAsync(TenantLimits limits)
    {
        var given = new List<HashEntry>();
        if (limits.HasRequestsPerSecond) given.Add(new("requests_per_second", limits.RequestsPerSecond));
        if (limits.HasConcurrentJobs) given.Add(new("concurrent_jobs", limits.ConcurrentJobs));
        if (limits.HasFileBytes) given.Add(new("file_bytes", limits.FileBytes));
        if (limits.HasTotalBytes) given.Add(new("total_bytes", limits.TotalBytes));
        if (limits.HasDatasetRows) given.Add(new("dataset_rows", limits.DatasetRows));
        if (given.Count > 0) await Soon(Database.HashSetAsync(Limits(limits.Tenant), [.. given]));
        _known.TryRemove(limits.Tenant, out _);
    }

    private async Task<TenantLimits> ReadAsync(string tenant)
    {
        var set = (await Soon(Database.HashGetAllAsync(Limits(tenant))))
            .ToDictionary(field => (string)field.Name!, field => (long)field.Value);
        var defaults = options.Value;
        return new TenantLimits
        {
            Tenant = tenant,
            RequestsPerSecond = (int)set.GetValueOrDefault("requests_per_second", defaults.RequestsPerSecond),
            ConcurrentJobs = (int)set.GetValueOrDefault("concurrent_jobs", defaults.ConcurrentJobs),
            FileBytes = set.GetValueOrDefault("file_bytes", defaults.FileBytes),
            TotalBytes = set.GetValueOrDefault("total_bytes", defaults.TotalBytes),
            DatasetRows = (int)set.GetValueOrDefault("dataset_rows", defaults.DatasetRows),
        };
    }
}
