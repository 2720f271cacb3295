using System.Threading.Channels;
using MassTransit;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Messages;

namespace RftAspire.Sampling.Chat;

/// <summary>
/// Tells the Jobs processes what their requests have got: one message each at every tick, however many requests there are, so that
/// many clients cost little.
/// </summary>
internal sealed class ReplyPump(IBus bus, IOptions<SamplingOptions> options) : BackgroundService
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private readonly Channel<CompletionReply> _arrivals = Channel.CreateUnbounded<CompletionReply>(new UnboundedChannelOptions { SingleReader = true });
    private readonly List<CompletionReply> _live = [];

    public void Add(CompletionReply reply) => _arrivals.Writer.TryWrite(reply);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await _arrivals.Reader.WaitToReadAsync(stoppingToken))
        {
            do
            {
                await Task.Delay(options.Value.ChatInterval, stoppingToken);
                while (_arrivals.Reader.TryRead(out var reply)) _live.Add(reply);
                foreach (var replies in _live.GroupBy(reply => reply.ReplyTo)) await TellAsync(replies.Key, replies, stoppingToken);
                _live.RemoveAll(reply => reply.Told.IsCompleted);
            }
            while (_live.Count > 0);
        }
    }

    private async Task TellAsync(Uri address, IEnumerable<CompletionReply> replies, CancellationToken stopping)
    {
        var news = new List<(CompletionReply Reply, CompletionChunk Chunk, bool IsLast)>();
        foreach (var reply in replies)
        {
            if (!reply.Told.IsCompleted && reply.Take() is var (chunk, isLast)) news.Add((reply, chunk, isLast));
        }
        if (news.Count == 0) return;
        try
        {
            var endpoint = await bus.GetSendEndpoint(address).WaitAsync(s_patience, stopping);
            await endpoint.Send(new CompletionNews([.. news.Select(one => one.Chunk)]), stopping).WaitAsync(s_patience, stopping);
            foreach (var (reply, _, _) in news.Where(one => one.IsLast)) reply.EndTelling();
        }
#pragma warning disable CA1031 // What could not be told is told by the next try of the command, whatever the reason.
        catch (Exception error) when (!stopping.IsCancellationRequested)
#pragma warning restore CA1031
        {
            foreach (var (reply, _, _) in news) reply.EndTelling(error);
        }
    }
}
