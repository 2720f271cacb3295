using System.Collections.Concurrent;
using MassTransit;
using RftAspire.Contracts.Messages;

namespace RftAspire.Jobs.Chat;

/// <summary>
/// Where Sampling workers answer this process: a queue of its own, which is gone with the process, as are the clients that wait.
/// </summary>
public sealed class CompletionInbox(IReceiveEndpointConnector bus)
{
    private readonly ConcurrentDictionary<string, CompletionFeed> _feeds = new();
    private readonly Lock _lock = new();
    private Task<Uri>? _address;

    /// <summary>The queue's address, once it is there: what is sent to it earlier would be lost.</summary>
    public Task<Uri> AddressAsync()
    {
        lock (_lock) return _address is null or { IsFaulted: true } or { IsCanceled: true } ? _address = ConnectAsync() : _address;
    }

    public void Open(string requestId, CompletionFeed feed) => _feeds[requestId] = feed;

    public void Close(string requestId) => _feeds.TryRemove(requestId, out _);

    private async Task<Uri> ConnectAsync()
    {
        var queue = new TemporaryEndpointDefinition("completion-news", configureConsumeTopology: false);
        var handle = bus.ConnectReceiveEndpoint(queue, DefaultEndpointNameFormatter.Instance, (_, endpoint) => endpoint.Handler<CompletionNews>(context => Accept(context.Message)));
        try
        {
            return (await handle.Ready).InputAddress;
        }
        catch
        {
            await handle.StopAsync();
            throw;
        }
    }

    private Task Accept(CompletionNews news)
    {
        foreach (var chunk in news.Chunks)
        {
            if (_feeds.TryGetValue(chunk.RequestId, out var feed)) feed.Accept(chunk);
        }
        return Task.CompletedTask;
    }
}
