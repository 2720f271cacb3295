using System.Collections.Concurrent;
using System.Text.Json;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.Webhooks;

namespace RftAspire.Services.Tests.Jobs.Webhooks;

public sealed class WebhookTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    // The worked example in the documentation of the Standard Webhooks libraries.
    [Fact]
    public void Of_PublishedExample_IsItsSignature() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        WebhookSignature.Of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, """{"test": 2432232314}"""));

    [RedisFact]
    public async Task Announce_EndedJob_IsToldOnceAndSigned()
    {
        await using var receiver = await Receiver.StartAsync();
        var hook = await service.WebhookClient.CreateWebhookAsync(new() { Url = receiver.Url, Events = { WebhookEvents.JobFailed } });
        var job = await service.Client.CreateJobAsync(await service.RequestAsync());

        // The fact comes twice, as facts may.
        for (var i = 0; i < 2; i++) await service.PublishAsync(new JobFailed(job.Id, "grader_error", "no"));

        var told = await receiver.NextAsync();
        var delivery = await DeliveredAsync(hook.Webhook.Id);
        Assert.Equal(WebhookSignature.Of(hook.Secret, told.Id, long.Parse(told.Timestamp), told.Body), told.Signature);
        using var body = JsonDocument.Parse(told.Body);
        Assert.Equal(
            ("fine_tuning.job.failed", job.Id, told.Id, "event"),
            (Text(body.RootElement, "type"), Text(body.RootElement.GetProperty("data"), "id"), Text(body.RootElement, "id"), Text(body.RootElement, "object")));
        Assert.StartsWith("evt_", told.Id, StringComparison.Ordinal);
        Assert.Equal((told.Id, 1, job.Id, ""), (delivery.EventId, delivery.Tries, delivery.Target, delivery.Error));
        Assert.Empty(receiver.Received);
    }

    [RedisFact]
    public async Task Send_ReceiverThatFails_IsTriedAgainWithTheSameId()
    {
        await using var receiver = await Receiver.StartAsync(StatusCodes.Status500InternalServerError, StatusCodes.Status302Found, StatusCodes.Status204NoContent);
        var hook = (await service.WebhookClient.CreateWebhookAsync(new() { Url = receiver.Url })).Webhook;
        var job = await service.Client.CreateJobAsync(await service.RequestAsync());

        await service.PublishAsync(new JobSucceeded(job.Id, "m", "d"));

        var ids = new[] { await receiver.NextAsync(), await receiver.NextAsync(), await receiver.NextAsync() }.Select(told => told.Id);
        Assert.Single(ids.Distinct());
        Assert.Equal(3, (await DeliveredAsync(hook.Id)).Tries);
    }

    [RedisFact]
    public async Task Send_ReceiverThatIsAway_IsGivenUpWithTheReason()
    {
        string url;
        await using (var receiver = await Receiver.StartAsync()) url = receiver.Url;
        var hook = (await service.WebhookClient.CreateWebhookAsync(new() { Url = url })).Webhook;
        var job = await service.Client.CreateJobAsync(await service.RequestAsync());

        await service.PublishAsync(new JobCancelled(job.Id));

        var delivery = await DeliveryAsync(hook.Id, delivery => delivery.Tries == 3);
        Assert.Null(delivery.DeliveredAt);
        Assert.Null(delivery.NextTryAt);
        Assert.Contains("refused", delivery.Error, StringComparison.OrdinalIgnoreCase);
    }

    [RedisTheory]
    [InlineData("ftp://localhost/", "url", "http")]
    [InlineData("localhost", "url", "http")]
    [InlineData("http://user:secret@localhost/", "url", "password")]
    [InlineData("http://10.0.0.1/", "url", "Jobs:Webhooks:AllowedHosts")]
    public async Task Create_AddressThatMayNotBeCalled_IsRefused(string url, string field, string text)
    {
        var error = await JobsUnderTest.FailsAsync(() => service.WebhookClient.CreateWebhookAsync(new() { Url = url, Events = { "none" } }).ResponseAsync, StatusCode.InvalidArgument);

        Assert.Equal([field, "events"], JobsUnderTest.Fields(error));
        Assert.Contains(text, error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Delete_Webhook_ForgetsItAndItsDeliveries()
    {
        var hook = (await service.WebhookClient.CreateWebhookAsync(new() { Url = "http://localhost:1/" })).Webhook;

        await service.WebhookClient.DeleteWebhookAsync(new() { WebhookId = hook.Id });

        Assert.DoesNotContain((await service.WebhookClient.ListWebhooksAsync(new())).Webhooks, known => known.Id == hook.Id);
        await JobsUnderTest.FailsAsync(() => service.WebhookClient.ListDeliveriesAsync(new() { WebhookId = hook.Id }).ResponseAsync, StatusCode.NotFound);
        await JobsUnderTest.FailsAsync(() => service.WebhookClient.DeleteWebhookAsync(new() { WebhookId = hook.Id }).ResponseAsync, StatusCode.NotFound);
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private Task<WebhookDelivery> DeliveredAsync(string webhookId) => DeliveryAsync(webhookId, delivery => delivery.DeliveredAt is not null);

    private async Task<WebhookDelivery> DeliveryAsync(string webhookId, Func<WebhookDelivery, bool> isWanted)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var list = await service.WebhookClient.ListDeliveriesAsync(new() { WebhookId = webhookId }, cancellationToken: patience.Token);
            if (list.Deliveries.SingleOrDefault(isWanted) is { } delivery) return delivery;
            await Task.Delay(20, patience.Token);
        }
    }

    internal sealed record Told(string Id, string Timestamp, string Signature, string Body);

    /// <summary>Takes what it is told, and answers with the given status codes in turn, then with 200.</summary>
    internal sealed class Receiver : IAsyncDisposable
    {
        private readonly SemaphoreSlim _arrived = new(0);
        private readonly WebApplication _app;

        private Receiver(int[] answers)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Configuration.Sources.Clear();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
            _app = builder.Build();
            var codes = new ConcurrentQueue<int>(answers);
            _app.MapPost("/hook", async (HttpRequest request) =>
            {
                var body = await new StreamReader(request.Body).ReadToEndAsync();
                Received.Enqueue(new Told(request.Headers["webhook-id"]!, request.Headers["webhook-timestamp"]!, request.Headers["webhook-signature"]!, body));
                _arrived.Release();
                return Results.StatusCode(codes.TryDequeue(out var code) ? code : StatusCodes.Status200OK);
            });
        }

        public ConcurrentQueue<Told> Received { get; } = new();
        public string Url => _app.Urls.Single() + "/hook";

        public static async Task<Receiver> StartAsync(params int[] answers)
        {
            var receiver = new Receiver(answers);
            await receiver._app.StartAsync();
            return receiver;
        }

        public async Task<Told> NextAsync()
        {
            Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(30)), "nothing was told");
            Assert.True(Received.TryDequeue(out var told));
            return told;
        }

        public async ValueTask DisposeAsync()
        {
            await _app.DisposeAsync();
            _arrived.Dispose();
        }
    }
}
