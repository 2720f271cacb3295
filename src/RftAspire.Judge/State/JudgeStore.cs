using Google.Protobuf;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;
using StackExchange.Redis;
using static Microsoft.Extensions.Hosting.Extensions;

namespace RftAspire.Judge.State;

/// <summary>
/// What Judge keeps in Redis, and Judge alone: judgements, so that a repeated request costs nothing, and what each job has spent. Without
/// Redis nothing is remembered, and a job whose budget cannot be counted gets no judgement.
/// </summary>
internal sealed partial class JudgeStore(ConnectionMultiplexer redis, IOptions<JudgeOptions> options, ILogger<JudgeStore> logger)
{
    // rft:judge:cache:{digest}   string   Judgement (protobuf), for Judge:CacheLifetime
    // rft:judge:budget:{job}     hash     calls, tokens; for 30 days after the last call
    private static RedisKey Cache(string digest) => $"rft:judge:cache:{digest}";
    private static RedisKey Budget(string jobId) => $"rft:judge:budget:{jobId}";

    private static readonly TimeSpan s_budgetLifetime = TimeSpan.FromDays(30);

    /// <summary>KEYS budget; ARGV most calls, most tokens, seconds to live. Counts a call if there is room for it: 0; else 1 calls, 2 tokens.</summary>
    private const string Take = """
        local spent = redis.call('HMGET', KEYS[1], 'calls', 'tokens')
        if tonumber(ARGV[1]) > 0 and tonumber(spent[1] or 0) >= tonumber(ARGV[1]) then return 1 end
        if tonumber(ARGV[2]) > 0 and tonumber(spent[2] or 0) >= tonumber(ARGV[2]) then return 2 end
        redis.call('HINCRBY', KEYS[1], 'calls', 1)
        redis.call('EXPIRE', KEYS[1], ARGV[3])
        return 0
        """;

    private IDatabase Database => redis.GetDatabase();

    private bool HasBudget(string jobId) => jobId.Length > 0 && (options.Value.MaxCallsPerJob > 0 || options.Value.MaxTokensPerJob > 0);

    /// <summary>Null where there is none, or no Redis.</summary>
    public async Task<Judgement?> FindAsync(string digest)
    {
        if (options.Value.CacheLifetime == TimeSpan.Zero) return null;
        try
        {
            var stored = await Soon(Database.StringGetAsync(Cache(digest)));
            return stored.IsNull ? null : Judgement.Parser.ParseFrom((byte[])stored!);
        }
        catch (Exception error) when (error is RedisException or TimeoutException or InvalidProtocolBufferException)
        {
            LogForgotten(error.Message);
            return null;
        }
    }

    public async Task RememberAsync(string digest, Judgement judgement)
    {
        if (options.Value.CacheLifetime == TimeSpan.Zero) return;
        try
        {
            await Soon(Database.StringSetAsync(Cache(digest), judgement.ToByteArray(), options.Value.CacheLifetime));
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            LogForgotten(error.Message);
        }
    }

    /// <summary>Counts a call before it is made, so that a crash never asks for free.</summary>
    /// <exception cref="JudgeException">The budget is used up or cannot be read.</exception>
    public async Task TakeCallAsync(string jobId)
    {
        if (!HasBudget(jobId)) return;
        RedisValue[] limits = [options.Value.MaxCallsPerJob, options.Value.MaxTokensPerJob, (long)s_budgetLifetime.TotalSeconds];
        var reply = (int)await Counted(Database.EvaluateAsync(Take, [Budget(jobId)], limits));
        if (reply == 1) throw new JudgeException(JudgeFailureKind.Budget, $"job {jobId} has asked its judges {options.Value.MaxCallsPerJob} times, the limit (Judge:MaxCallsPerJob)");
        if (reply == 2) throw new JudgeException(JudgeFailureKind.Budget, $"job {jobId} has used the {options.Value.MaxTokensPerJob} tokens of its judges' limit (Judge:MaxTokensPerJob)");
    }

    /// <summary>Adds what a call has used; the call was paid for, so its answer stands even if it cannot be counted.</summary>
    public async Task AddTokensAsync(string jobId, long tokens)
    {
        if (!HasBudget(jobId) || tokens == 0) return;
        try
        {
            await Soon(Database.HashIncrementAsync(Budget(jobId), "tokens", tokens));
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            LogUncounted(jobId, tokens, error.Message);
        }
    }

    private static async Task<T> Counted<T>(Task<T> command)
    {
        try
        {
            return await Soon(command);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            throw new JudgeException(JudgeFailureKind.Unavailable, "Redis, which counts the job's judge budget, does not answer (ConnectionStrings:redis)", error);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "judgements are not remembered, as Redis fails: {Reason}")]
    private partial void LogForgotten(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Tokens} tokens of job {Job} were not counted: {Reason}")]
    private partial void LogUncounted(string job, long tokens, string reason);
}
