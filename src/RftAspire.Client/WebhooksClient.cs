using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Client;

/// <summary>Addresses that are told of the ends of jobs and eval runs.</summary>
public sealed class WebhooksClient
{
    private readonly WebhookService.WebhookServiceClient _webhooks;
    private readonly CallPolicy _policy;

    internal WebhooksClient(WebhookService.WebhookServiceClient webhooks, CallPolicy policy) => (_webhooks, _policy) = (webhooks, policy);

    /// <summary>Makes a webhook. Its secret is in this answer and nowhere else. A call whose answer was lost is not repeated.</summary>
    /// <param name="url">The address to call.</param>
    /// <param name="events">Names of events, such as fine_tuning.job.succeeded; none for all.</param>
    /// <param name="cancellation">Breaks the call off.</param>
    public Task<CreateWebhookResponse> CreateAsync(Uri url, IEnumerable<string>? events = null, CancellationToken cancellation = default) => CallPolicy.OnceAsync(
        async () => await _webhooks.CreateWebhookAsync(new() { Url = url.OriginalString, Events = { events ?? [] } }, _policy.Call(_policy.Options.Timeout, cancellation)));

    public async Task<IReadOnlyList<Webhook>> ListAsync(CancellationToken cancellation = default) =>
        (await _policy.AskAsync(options => _webhooks.ListWebhooksAsync(new(), options), cancellation)).Webhooks;

    /// <summary>The last hundred deliveries, newest first.</summary>
    public async Task<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(string webhookId, CancellationToken cancellation = default) =>
        (await _policy.AskAsync(options => _webhooks.ListDeliveriesAsync(new() { WebhookId = webhookId }, options), cancellation)).Deliveries;

    public Task DeleteAsync(string webhookId, CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _webhooks.DeleteWebhookAsync(new() { WebhookId = webhookId }, options), cancellation);
}
