using System.Diagnostics.Metrics;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Chat;

/// <summary>What clients of chat completions get: numbers alone, no names and no texts.</summary>
internal static class ChatMetrics
{
    private static readonly Meter s_meter = new(Extensions.TelemetryName);
    private static readonly Histogram<double> s_firstToken =
        s_meter.CreateHistogram<double>("rft.chat.time_to_first_token", "s", "From a request's arrival to the first text of its answer.");
    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("rft.chat.duration", "s", "From a request's arrival to its end, by outcome.");
    private static readonly Histogram<double> s_rate =
        s_meter.CreateHistogram<double>("rft.chat.tokens_per_second", "{token}/s", "Tokens of an answer, all choices together, after the first.");
    private static readonly Counter<long> s_tokens = s_meter.CreateCounter<long>("rft.chat.tokens", "{token}", "Tokens by direction.");

    public static void FirstToken(TimeSpan after) => s_firstToken.Record(after.TotalSeconds);

    public static void Answered(CompletionUsage usage, TimeSpan sinceFirst)
    {
        s_tokens.Add(usage.PromptTokens, new KeyValuePair<string, object?>("direction", "prompt"));
        s_tokens.Add(usage.CompletionTokens, new KeyValuePair<string, object?>("direction", "completion"));
        if (usage.CompletionTokens > 1 && sinceFirst > TimeSpan.Zero) s_rate.Record((usage.CompletionTokens - 1) / sinceFirst.TotalSeconds);
    }

    public static void Ended(string outcome, TimeSpan after) => s_duration.Record(after.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));
}
