using System.CommandLine;
using System.Text.Json.Nodes;
using RftAspire.Cli.Jobs;
using RftAspire.Contracts.Jobs.V1;
using Spectre.Console;

namespace RftAspire.Cli.Webhooks;

/// <summary>Addresses that the platform tells of the ends of jobs and eval runs.</summary>
public static class WebhookCommands
{
    public static Command Create(CommandLine cli) => new("webhooks", "Have an address told when jobs and eval runs end.")
    {
        CreateWebhook(cli),
        List(cli),
        Deliveries(cli),
        Delete(cli),
    };

    private static Command CreateWebhook(CommandLine cli)
    {
        var url = new Argument<string>("url") { Description = "http:// or https://; the platform must be allowed to call its host (Jobs:Webhooks:AllowedHosts)." };
        var events = new Option<string[]>("--event") { HelpName = "NAME", Description = "Only these, such as fine_tuning.job.succeeded; may be repeated. [default: all]" };
        events.CompletionSources.Add("fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled", "eval.run.succeeded", "eval.run.failed", "eval.run.canceled");
        return cli.Handle(new Command("create", "Make a webhook. The secret that signs its calls is printed once.") { url, events }, async (context, cancellationToken) =>
        {
            if (!Uri.TryCreate(context.Get(url), UriKind.Absolute, out var address)) throw new UsageException($"url {context.Get(url)}: not an address; begin with http:// or https://");
            var made = await context.Client.Webhooks.CreateAsync(address, context.Get(events), cancellationToken);
            if (context.Json)
            {
                var json = Json(made.Webhook);
                json["secret"] = made.Secret;
                context.PrintJson(json);
                return ExitCode.Ok;
            }
            context.Error.WriteLine($"webhook {made.Webhook.Id} calls {made.Webhook.Url}; its secret is shown this once:");
            context.Out.WriteLine(made.Secret);
            return ExitCode.Ok;
        });
    }

    private static Command List(CommandLine cli) => cli.Handle(new Command("list", "List webhooks."), async (context, cancellationToken) =>
    {
        var webhooks = await context.Client.Webhooks.ListAsync(cancellationToken).ToListAsync(cancellationToken);
        if (context.Json)
        {
            context.PrintJson(new JsonObject { ["webhooks"] = new JsonArray([.. webhooks.Select(Json)]) });
            return ExitCode.Ok;
        }
        var table = new Table().Border(TableBorder.Simple).AddColumns("webhook", "address", "created (UTC)", "events");
        foreach (var webhook in webhooks)
            table.AddRow([.. new[] { webhook.Id, webhook.Url, JobCommands.Time(webhook.CreatedAt), string.Join(", ", webhook.Events) }.Select(Markup.Escape)]);
        if (webhooks.Count == 0) context.Out.WriteLine("no webhooks");
        else context.Console().Write(table);
        return ExitCode.Ok;
    });

    private static Command Deliveries(CommandLine cli)
    {
        var id = Id();
        return cli.Handle(new Command("deliveries", "Show what a webhook was told, and how that went.") { id }, async (context, cancellationToken) =>
        {
            var deliveries = await context.Client.Webhooks.ListDeliveriesAsync(context.Get(id), cancellationToken).ToListAsync(cancellationToken);
            if (context.Json)
            {
                context.PrintJson(new JsonObject { ["deliveries"] = new JsonArray([.. deliveries.Select(Json)]) });
                return ExitCode.Ok;
            }
            var table = new Table().Border(TableBorder.Simple).AddColumns("event", "of", "tries", "delivered (UTC)", "next try", "went wrong");
            foreach (var delivery in deliveries)
                table.AddRow([.. new[] { delivery.Event, delivery.Target, $"{delivery.Tries}", JobCommands.Time(delivery.DeliveredAt), JobCommands.Time(delivery.NextTryAt), delivery.Error }.Select(Markup.Escape)]);
            if (deliveries.Count == 0) context.Out.WriteLine("nothing was told yet");
            else context.Console().Write(table);
            return ExitCode.Ok;
        });
    }

    private static Command Delete(CommandLine cli)
    {
        var id = Id();
        return cli.Handle(new Command("delete", "Delete a webhook; what was not delivered yet never is.") { id }, async (context, cancellationToken) =>
        {
            await context.Client.Webhooks.DeleteAsync(context.Get(id), cancellationToken);
            if (context.Json) context.PrintJson(new JsonObject { ["id"] = context.Get(id), ["deleted"] = true });
            else context.Out.WriteLine($"webhook {context.Get(id)} is deleted");
            return ExitCode.Ok;
        });
    }

    private static Argument<string> Id() => new("id") { Description = "The webhook's id, as rft webhooks list shows it." };

    private static JsonObject Json(Webhook webhook) => new()
    {
        ["id"] = webhook.Id,
        ["url"] = webhook.Url,
        ["events"] = new JsonArray([.. webhook.Events.Select(name => JsonValue.Create(name))]),
        ["created_at"] = JobJson.Of(webhook.CreatedAt),
    };

    private static JsonObject Json(WebhookDelivery delivery) => new()
    {
        ["event_id"] = delivery.EventId,
        ["event"] = delivery.Event,
        ["target"] = delivery.Target,
        ["tries"] = delivery.Tries,
        ["delivered_at"] = JobJson.Of(delivery.DeliveredAt),
        ["next_try_at"] = JobJson.Of(delivery.NextTryAt),
        ["error"] = delivery.Error.Length == 0 ? null : delivery.Error,
    };
}
