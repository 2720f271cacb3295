using System.Collections.Concurrent;
using MassTransit;
using RftAspire.Contracts.Messages;

namespace RftAspire.Jobs.Chat;

/// <summary>
/// Where Sampling workers answer this process: the bus's own queue, which is gone with the process, as are the clients that wait.
/// </summary>
public sealed class CompletionInbox : IDisposable
{
    private readonly ConcurrentDictionary<string, CompletionFeed> _feeds = new();
    private readonly ConnectHandle _handle;

    public CompletionInbox(IBus bus)
    {
        Address = bus.Address;
        _handle = bus.ConnectHandler<CompletionNews>(context => Accept(context.Message));
    }

    public Uri Address { get; }

    public void Open(string requestId, CompletionFeed feed) => _feeds[requestId] = feed;

    public void Close(string requestId) => _feeds.TryRemove(requestId, out _);

    public void Dispose() => _handle.Disconnect();

    private Task Accept(CompletionNews news)
    {
        foreach (var chunk in news.Chunks)
        {
            if (_feeds.TryGetValue(chunk.RequestId, out var feed)) feed.Accept(chunk);
        }
        return Task.CompletedTask;
    }
}
