using System.Text.Json;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Messages;
using StackExchange.Redis;

namespace RftAspire.Grading;

/// <summary>Rewards that were paid for, in Redis. Where Redis is away, graders are asked again.</summary>
/// <param name="connect">The connection, made when first needed: rules need none.</param>
/// <param name="options">How long results are kept.</param>
/// <param name="logger">Hears of it once when Redis goes away.</param>
public sealed partial class GradeCache(Func<ConnectionMultiplexer> connect, IOptions<GradingOptions> options, ILogger<GradeCache> logger)
{
    // After a failure nobody waits for Redis for a while.
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(5);
    private readonly Lazy<ConnectionMultiplexer> _redis = new(connect);
    private long _failedAt;
    private int _away;

    // rft:grade:{digest}   string   the reward with its explanation and parts as JSON, gone after Grading:CacheTime
    private static RedisKey Key(string digest) => $"rft:grade:{digest}";

    internal bool IsOn => options.Value.CacheTime > TimeSpan.Zero;

    internal async Task<GradeResult.Reward?> FindAsync(string digest)
    {
        var value = await TryAsync(redis => redis.StringGetAsync(Key(digest)));
        var kept = value.HasValue ? JsonSerializer.Deserialize<Kept>((string)value!) : null;
        GradingMetrics.CacheLookups.Add(1, new KeyValuePair<string, object?>("hit", kept is not null));
        return kept is null ? null : new GradeResult.Reward(kept.Reward) { Explanation = kept.Explanation, Parts = kept.Parts };
    }

    internal Task KeepAsync(string digest, GradeResult.Reward result) =>
        TryAsync(redis => redis.StringSetAsync(Key(digest), JsonSerializer.Serialize(new Kept(result.Value, result.Explanation, [.. result.Parts])), options.Value.CacheTime));

    private async Task<T?> TryAsync<T>(Func<IDatabase, Task<T>> command)
    {
        if (Volatile.Read(ref _away) == 1 && TimeProvider.System.GetElapsedTime(Volatile.Read(ref _failedAt)) < s_rest) return default;
        try
        {
            var reply = await command(_redis.Value.GetDatabase()).WaitAsync(Extensions.RedisDeadline);
            if (Interlocked.Exchange(ref _away, 0) == 1) LogBack();
            return reply;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            Volatile.Write(ref _failedAt, TimeProvider.System.GetTimestamp());
            if (Interlocked.Exchange(ref _away, 1) == 0) LogAway(error.GetType().Name);
            return default;
        }
    }

    private sealed record Kept(double Reward, string? Explanation, GraderPart[] Parts);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis does not answer ({Reason}): grading goes on without kept results, every answer is graded anew")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Redis answers: results of graders are kept again")]
    private partial void LogBack();
}
