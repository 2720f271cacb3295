using System.Text.Json;
using RftAspire.Contracts;
using StackExchange.Redis;
using static Microsoft.Extensions.Hosting.Extensions;

namespace RftAspire.Jobs.Webhooks;

/// <summary>A webhook as it is stored, secret included: every delivery is signed with it.</summary>
public sealed record WebhookRecord(string Id, string Tenant, string Url, string[] Events, DateTimeOffset CreatedAt, string Secret);

/// <summary>One event for one webhook, and how far it got.</summary>
public sealed record DeliveryRecord(string WebhookId, string EventId, string Event, string Target, DateTimeOffset CreatedAt)
{
    public int Tries { get; init; }
    public DateTimeOffset? DeliveredAt { get; init; }
    public DateTimeOffset? NextTryAt { get; init; }
    public string Error { get; init; } = "";

    internal string Key => $"{WebhookId}/{EventId}";
}

/// <summary>Webhooks and what is to be delivered to them.</summary>
public sealed class WebhookStore(ConnectionMultiplexer redis)
{
    // rft:webhooks:{tenant}              hash          id -> webhook (JSON, with its secret)
    // rft:webhook:{id}:deliveries        hash          event's id -> delivery (JSON); the newest KeptDeliveries
    // rft:webhook:{id}:order             sorted set    events' ids by time
    // rft:webhook-due                    sorted set    "{tenant} {webhook}/{event}" by the time of the next try (Unix ms)
    private const int KeptDeliveries = 100;
    private static readonly RedisKey s_due = "rft:webhook-due";

    private static RedisKey Webhooks(string tenant) => $"rft:webhooks:{tenant}";
    private static RedisKey Deliveries(string id) => $"rft:webhook:{id}:deliveries";
    private static RedisKey Order(string id) => $"rft:webhook:{id}:order";
    private static string Due(string tenant, DeliveryRecord delivery) => $"{tenant} {delivery.Key}";

    private IDatabase Database => redis.GetDatabase();

    public Task CreateAsync(WebhookRecord webhook) => Soon(Database.HashSetAsync(Webhooks(webhook.Tenant), webhook.Id, Write(webhook)));

    /// <summary>The tenant's webhooks, oldest first.</summary>
    public async Task<WebhookRecord[]> ListAsync(string tenant) =>
        [.. (await Soon(Database.HashValuesAsync(Webhooks(tenant)))).Select(Read<WebhookRecord>).OrderBy(webhook => webhook.CreatedAt).ThenBy(webhook => webhook.Id, StringComparer.Ordinal)];

    public async Task<WebhookRecord?> FindAsync(string tenant, string id) =>
        await Soon(Database.HashGetAsync(Webhooks(tenant), id)) is { IsNull: false } stored ? Read<WebhookRecord>(stored) : null;

    /// <summary>Whether there was one.</summary>
    public async Task<bool> DeleteAsync(string tenant, string id)
    {
        var existed = await Soon(Database.HashDeleteAsync(Webhooks(tenant), id));
        await Soon(Database.KeyDeleteAsync([Deliveries(id), Order(id)]));
        return existed;
    }

    /// <summary>Writes down that an event is to be told; what is written down already stays as it is.</summary>
    public async Task AddAsync(string tenant, DeliveryRecord delivery)
    {
        // The due entry last: one without its delivery would be nothing to send.
        if (!await Soon(Database.HashSetAsync(Deliveries(delivery.WebhookId), delivery.EventId, Write(delivery), When.NotExists))) return;
        await Soon(Database.SortedSetAddAsync(Order(delivery.WebhookId), delivery.EventId, Milliseconds(delivery.CreatedAt)));
        await Soon(Database.SortedSetAddAsync(s_due, Due(tenant, delivery), Milliseconds(delivery.CreatedAt)));
        await TrimAsync(delivery.WebhookId);
    }

    /// <summary>The deliveries that a webhook remembers, newest first.</summary>
    public async Task<DeliveryRecord[]> DeliveriesAsync(string webhookId) =>
        [.. (await Soon(Database.HashValuesAsync(Deliveries(webhookId)))).Select(Read<DeliveryRecord>)
            .OrderByDescending(delivery => delivery.CreatedAt).ThenBy(delivery => delivery.EventId, StringComparer.Ordinal)];

    /// <summary>
    /// Takes what is due, and puts it off until the lease ends: a process that dies with it leaves it to be taken again.
    /// </summary>
    public async Task<(WebhookRecord Webhook, DeliveryRecord Delivery)[]> TakeDueAsync(DateTimeOffset now, TimeSpan lease, int count)
    {
        var taken = new List<(WebhookRecord, DeliveryRecord)>();
        foreach (var entry in await Soon(Database.SortedSetRangeByScoreAsync(s_due, stop: Milliseconds(now), take: count)))
        {
            if (await ReadDueAsync((string)entry!) is not { } due)
            {
                await Soon(Database.SortedSetRemoveAsync(s_due, entry));
                continue;
            }
            await Soon(Database.SortedSetAddAsync(s_due, entry, Milliseconds(now + lease)));
            taken.Add(due);
        }
        return [.. taken];
    }

    /// <summary>Writes what became of a try.</summary>
    public async Task UpdateAsync(string tenant, DeliveryRecord delivery)
    {
        // A webhook that was deleted meanwhile, and a delivery that it has forgotten, must not come back.
        if (await Soon(Database.HashExistsAsync(Deliveries(delivery.WebhookId), delivery.EventId)))
            await Soon(Database.HashSetAsync(Deliveries(delivery.WebhookId), delivery.EventId, Write(delivery)));
        if (delivery.NextTryAt is { } next) await Soon(Database.SortedSetAddAsync(s_due, Due(tenant, delivery), Milliseconds(next)));
        else await Soon(Database.SortedSetRemoveAsync(s_due, Due(tenant, delivery)));
    }

    private async Task<(WebhookRecord, DeliveryRecord)?> ReadDueAsync(string entry)
    {
        if (entry.Split(' ', '/') is not [var tenant, var webhookId, var eventId]) return null;
        if (await FindAsync(tenant, webhookId) is not { } webhook) return null;
        return await Soon(Database.HashGetAsync(Deliveries(webhookId), eventId)) is { IsNull: false } stored ? (webhook, Read<DeliveryRecord>(stored)) : null;
    }

    private async Task TrimAsync(string webhookId)
    {
        foreach (var old in await Soon(Database.SortedSetRangeByRankAsync(Order(webhookId), 0, -KeptDeliveries - 1)))
        {
            await Soon(Database.HashDeleteAsync(Deliveries(webhookId), old));
            await Soon(Database.SortedSetRemoveAsync(Order(webhookId), old));
        }
    }

    private static double Milliseconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds();
    private static string Write<T>(T value) => JsonSerializer.Serialize(value, ArtifactStore.Json);
    private static T Read<T>(RedisValue value) => JsonSerializer.Deserialize<T>((string)value!, ArtifactStore.Json)!;
}
