using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.State;
using StackExchange.Redis;

namespace RftAspire.Jobs.Webhooks;

/// <summary>
/// Tells webhooks what has happened. What is to be told is written down first, so it is told though this process dies; a receiver
/// may hear of an event twice, each time by the same id.
/// </summary>
public sealed partial class WebhookSender(WebhookStore webhooks, IOptions<WebhooksOptions> options, TimeProvider clock, ILogger<WebhookSender> logger) : BackgroundService
{
    private const int AtOnce = 16;
    private const int LongestError = 200;
    private const double Growth = 5;
    private static readonly TimeSpan s_lease = TimeSpan.FromMinutes(1);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Notes the end of a job for all webhooks of its tenant that want to know; noting it again changes nothing.</summary>
    public Task AnnounceAsync(JobRecord job) => job.State switch
    {
        JobState.Succeeded => AnnounceAsync(job.Spec.Tenant, WebhookEvents.JobSucceeded, job.Spec.JobId, job.ChangedAt),
        JobState.Failed => AnnounceAsync(job.Spec.Tenant, WebhookEvents.JobFailed, job.Spec.JobId, job.ChangedAt),
        JobState.Cancelled => AnnounceAsync(job.Spec.Tenant, WebhookEvents.JobCancelled, job.Spec.JobId, job.ChangedAt),
        _ => Task.CompletedTask,
    };

    /// <summary>Notes an event; its id follows from what happened to whom.</summary>
    public async Task AnnounceAsync(string tenant, string type, string target, DateTimeOffset time)
    {
        var id = "evt_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{type} {target}")))[..24];
        foreach (var webhook in await webhooks.ListAsync(tenant))
        {
            if (webhook.CreatedAt > time || !webhook.Events.Contains(type)) continue;
            await webhooks.AddAsync(tenant, new DeliveryRecord(webhook.Id, id, type, target, time));
        }
    }

    /// <summary>Makes the tries that are due now; returns their number.</summary>
    public async Task<int> SendDueAsync(CancellationToken cancellation)
    {
        var due = await webhooks.TakeDueAsync(clock.GetUtcNow(), options.Value.Deadline + s_lease, AtOnce);
        await Task.WhenAll(due.Select(async item =>
        {
            var error = await TryAsync(item.Webhook, item.Delivery, cancellation);
            await webhooks.UpdateAsync(item.Webhook.Tenant, After(item.Delivery, error));
            if (error is not null) LogFailed(item.Delivery.EventId, item.Webhook.Id, item.Delivery.Tries + 1, options.Value.Tries, error);
        }));
        return due.Length;
    }

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Interval, clock);
        do
        {
            try
            {
                while (await SendDueAsync(stoppingToken) == AtOnce) { }
            }
            catch (Exception error) when (error is RedisException or TimeoutException)
            {
                LogUnread(error.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private DeliveryRecord After(DeliveryRecord delivery, string? error)
    {
        var tries = delivery.Tries + 1;
        if (error is null) return delivery with { Tries = tries, DeliveredAt = clock.GetUtcNow(), NextTryAt = null, Error = "" };
        var next = clock.GetUtcNow() + (options.Value.RetryDelay * Math.Pow(Growth, tries - 1));
        return delivery with { Tries = tries, NextTryAt = tries < options.Value.Tries ? next : null, Error = error };
    }

    /// <summary>Null when the receiver has taken it, else what went wrong.</summary>
    private async Task<string?> TryAsync(WebhookRecord webhook, DeliveryRecord delivery, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(options.Value.Deadline);
        try
        {
            using var request = Request(webhook, delivery);
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            return answer.IsSuccessStatusCode ? null : $"answered {(int)answer.StatusCode}";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"no answer within {options.Value.Deadline.TotalSeconds:0.###} s";
        }
        catch (HttpRequestException error)
        {
            var reason = error.GetBaseException().Message;
            return reason[..Math.Min(reason.Length, LongestError)];
        }
    }

    private HttpRequestMessage Request(WebhookRecord webhook, DeliveryRecord delivery)
    {
        var body = JsonSerializer.Serialize(new
        {
            id = delivery.EventId,
            @object = "event",
            created_at = delivery.CreatedAt.ToUnixTimeSeconds(),
            type = delivery.Event,
            data = new { id = delivery.Target },
        });
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        return new HttpRequestMessage(HttpMethod.Post, webhook.Url)
        {
            Content = new StringContent(body, new MediaTypeHeaderValue("application/json")),
            Headers =
            {
                { "webhook-id", delivery.EventId },
                { "webhook-timestamp", $"{now}" },
                { "webhook-signature", WebhookSignature.Of(webhook.Secret, delivery.EventId, now, body) },
                { "user-agent", "RftAspire" },
            },
        };
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Event {EventId} was not delivered to webhook {WebhookId}, try {Try} of {Tries}: {Reason}")]
    private partial void LogFailed(string eventId, string webhookId, int @try, int tries, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook deliveries could not be read, trying again: {Reason}")]
    private partial void LogUnread(string reason);
}
