using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace RftAspire.Sampling;

/// <summary>
/// The one thread that decodes. Each model's prompt groups and each model's chats have a lane, and lanes with work take turns,
/// step by step: neither kind ever waits for the other to end, nor one model for another. Chats have rows and cache of their own.
/// </summary>
public sealed class SamplingLoop(IOptions<SamplingOptions> options) : BackgroundService
{
    private readonly Channel<DecodingWork> _arrivals = Channel.CreateUnbounded<DecodingWork>(new UnboundedChannelOptions { SingleReader = true });
    // Who had a turn goes to the end.
    private readonly List<DecodingLane> _lanes = [];

    /// <summary>Hands over work whose model is loaded.</summary>
    public void Add(DecodingWork work)
    {
        if (!_arrivals.Writer.TryWrite(work)) throw new OperationCanceledException("the sampler is stopping");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _arrivals.Reader.WaitToReadAsync(stoppingToken)) await Task.Run(() => DecodeAll(stoppingToken), stoppingToken);
        }
        finally
        {
            _arrivals.Writer.TryComplete();
            _lanes.ForEach(lane => lane.Dispose());
        }
    }

    private void DecodeAll(CancellationToken stopping)
    {
        do
        {
            stopping.ThrowIfCancellationRequested();
            TakeArrivals();
            for (var step = 0; step < options.Value.ChatSteps; step++) Turn(chat: true);
            Turn(chat: false);
            CloseIdleLanes();
        }
        while (_lanes.Exists(lane => lane.HasWork) || _arrivals.Reader.TryPeek(out _));
    }

    private void Turn(bool chat)
    {
        if (_lanes.Find(lane => lane.IsChat == chat && lane.HasWork) is not { } lane) return;
        _lanes.Remove(lane);
        _lanes.Add(lane);
        Step(lane);
    }

    private void TakeArrivals()
    {
        while (_arrivals.Reader.TryRead(out var work))
        {
            using var lease = work.Lease;
            try
            {
                var lane = _lanes.Find(lane => lane.IsChat == work.IsChat && lane.Policy == lease.Policy);
                if (lane is null) _lanes.Add(lane = new DecodingLane(lease, work.IsChat, options.Value));
                lane.Add(work);
            }
#pragma warning disable CA1031 // Whatever is wrong with one request is answered to who asked.
            catch (Exception error)
#pragma warning restore CA1031
            {
                work.Fail(error);
            }
        }
    }

    private void Step(DecodingLane lane)
    {
        try
        {
            lane.Step(othersWait: _lanes.Exists(other => other != lane && other.HasWork));
        }
#pragma warning disable CA1031 // Whatever is wrong with one model is answered to those who asked it.
        catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
        {
            lane.Fail(error);
            Close(lane);
        }
    }

    /// <summary>Prompt groups come again with other weights; chats come again with the same, and their prompts begin alike.</summary>
    private void CloseIdleLanes()
    {
        for (var (i, kept) = (_lanes.Count - 1, 0); i >= 0; i--)
        {
            if (_lanes[i].HasWork || (_lanes[i].IsChat && kept++ < options.Value.ChatModels)) continue;
            Close(_lanes[i]);
        }
    }

    private void Close(DecodingLane lane)
    {
        _lanes.Remove(lane);
        lane.Dispose();
    }
}
