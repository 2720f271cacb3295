using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Webhooks;

/// <summary>The gRPC face of webhooks.</summary>
public sealed class WebhooksGrpcService(WebhookStore webhooks, IOptions<WebhooksOptions> options, TimeProvider clock) : WebhookService.WebhookServiceBase
{
    private const int MostWebhooks = 16;
    private const int LongestUrl = 2048;
    private readonly AllowedHosts _hosts = new("Jobs:Webhooks:AllowedHosts", options.Value.AllowedHosts);

    [Needs(Role.User)]
    public override Task<CreateWebhookResponse> CreateWebhook(CreateWebhookRequest request, ServerCallContext context) => Faults.Serve(async () =>
    {
        var caller = context.GetCaller();
        var tenant = caller.Tenant;
        Check(request);
        if ((await webhooks.ListAsync(tenant)).Length >= MostWebhooks)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"there are {MostWebhooks} webhooks already; delete one first"));
        var events = request.Events.Count == 0 ? WebhookEvents.All : request.Events.Distinct();
        var webhook = new WebhookRecord(Ids.NewWebhook(), tenant, request.Url, [.. events], clock.GetUtcNow(), WebhookSignature.NewSecret());
        await webhooks.CreateAsync(webhook);
        caller.Target = webhook.Id;
        return new CreateWebhookResponse { Webhook = ToMessage(webhook), Secret = webhook.Secret };
    });

    [Needs(Role.Viewer)]
    public override Task<ListWebhooksResponse> ListWebhooks(ListWebhooksRequest request, ServerCallContext context) => Faults.Serve(async () =>
        new ListWebhooksResponse { Webhooks = { (await webhooks.ListAsync(context.GetCaller().Tenant)).Select(ToMessage) } });

    [Needs(Role.User)]
    public override Task<DeleteWebhookResponse> DeleteWebhook(DeleteWebhookRequest request, ServerCallContext context) => Faults.Serve(async () =>
    {
        context.GetCaller().Target = request.WebhookId;
        var webhook = await FindAsync(context, request.WebhookId);
        await webhooks.DeleteAsync(webhook.Tenant, webhook.Id);
        return new DeleteWebhookResponse();
    });

    [Needs(Role.Viewer)]
    public override Task<ListDeliveriesResponse> ListDeliveries(ListDeliveriesRequest request, ServerCallContext context) => Faults.Serve(async () =>
    {
        var webhook = await FindAsync(context, request.WebhookId);
        return new ListDeliveriesResponse { Deliveries = { (await webhooks.DeliveriesAsync(webhook.Id)).Select(ToMessage) } };
    });

    private void Check(CreateWebhookRequest request)
    {
        var faults = new List<Violation>();
        if (request.Url.Length > LongestUrl || !Uri.TryCreate(request.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0)
            faults.Add(new Violation("url", $"'{request.Url}' is no address to call; give http:// or https:// with a host and without a password, at most {LongestUrl} characters"));
        else if (_hosts.Refusal(url) is { } refusal)
            faults.Add(new Violation("url", refusal));
        faults.AddRange(request.Events.Where(name => !WebhookEvents.All.Contains(name))
            .Select(name => new Violation("events", $"'{name}' is unknown; one of {string.Join(", ", WebhookEvents.All)}")));
        if (faults.Count > 0) throw Faults.Invalid(faults);
    }

    private async Task<WebhookRecord> FindAsync(ServerCallContext context, string id) =>
        await webhooks.FindAsync(context.GetCaller().Tenant, id)
        ?? throw Faults.NotFound("webhook", id, "list the webhooks to see which exist");

    private static Webhook ToMessage(WebhookRecord webhook) =>
        new() { Id = webhook.Id, Url = webhook.Url, Events = { webhook.Events }, CreatedAt = webhook.CreatedAt.ToTimestamp() };

    private static WebhookDelivery ToMessage(DeliveryRecord delivery) => new()
    {
        EventId = delivery.EventId,
        Event = delivery.Event,
        Target = delivery.Target,
        CreatedAt = delivery.CreatedAt.ToTimestamp(),
        Tries = delivery.Tries,
        DeliveredAt = delivery.DeliveredAt?.ToTimestamp(),
        // Not tried yet: due since it was made.
        NextTryAt = (delivery.NextTryAt ?? (delivery.Tries == 0 ? delivery.CreatedAt : null))?.ToTimestamp(),
        Error = delivery.Error,
    };
}
