using System.Diagnostics.Metrics;

namespace RftAspire.Sampling;

/// <summary>What a worker says about itself.</summary>
internal static class SamplingMetrics
{
    private static readonly Meter s_meter = new(Extensions.TelemetryName);

    public static Counter<long> Chats { get; } = s_meter.CreateCounter<long>("rft.sampling.chats", description: "Chat requests answered.");

    public static Histogram<double> QueueTime { get; } =
        s_meter.CreateHistogram<double>("rft.sampling.chat_queue_time", "s", "From a chat's arrival at the worker to its place in a batch.");

    public static Counter<long> Tokens { get; } = s_meter.CreateCounter<long>("rft.sampling.tokens", "{token}", "Tokens drawn, by kind: chat or group.");
}
