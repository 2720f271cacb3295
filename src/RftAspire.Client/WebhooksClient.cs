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
    /// <param name="cancellationToken">Breaks the call off.</param>
    /// <exception cref="InvalidRequestException">The platform may not call that host, or there is no such event.</exception>
    public Task<CreateWebhookResponse> CreateAsync(Uri url, IEnumerable<string>? events = null, CancellationToken cancellationToken = default) => _policy.TellAsync(
        async options => await _webhooks.CreateWebhookAsync(new() { Url = url.OriginalString, Events = { events ?? [] } }, options), cancellationToken);

    /// <summary>The tenant's webhooks.</summary>
    public IAsyncEnumerable<Webhook> ListAsync(CancellationToken cancellationToken = default) => Pages.OneAsync(
        stop => _policy.AskAsync(options => _webhooks.ListWebhooksAsync(new(), options), stop), list => list.Webhooks, cancellationToken);

    /// <summary>The last hundred deliveries, newest first.</summary>
    /// <exception cref="NotFoundException">There is no such webhook.</exception>
    public IAsyncEnumerable<WebhookDelivery> ListDeliveriesAsync(string webhookId, CancellationToken cancellationToken = default) => Pages.OneAsync(
        stop => _policy.AskAsync(options => _webhooks.ListDeliveriesAsync(new() { WebhookId = webhookId }, options), stop), list => list.Deliveries, cancellationToken);

    /// <summary>Deletes a webhook; what was not delivered yet never is.</summary>
    /// <exception cref="NotFoundException">There is no such webhook.</exception>
    public Task DeleteAsync(string webhookId, CancellationToken cancellationToken = default) =>
        _policy.DeleteAsync(options => _webhooks.DeleteWebhookAsync(new() { WebhookId = webhookId }, options), cancellationToken);
}
