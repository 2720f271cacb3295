namespace RftAspire.Jobs.State;

/// <summary>The two Lua scripts through which every write of a job goes, so that a change is whole or absent.</summary>
internal static class JobScripts
{
    /// <summary>
    /// KEYS job, events, keys, active; ARGV expected revision, key, event, id if the job ends with it, then fields and values.
    /// Returns a <see cref="CommitResult"/>.
    /// </summary>
    public const string Commit = """
        if redis.call('SISMEMBER', KEYS[3], ARGV[2]) == 1 then return 2 end
        if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[1] then return 1 end
        redis.call('SADD', KEYS[3], ARGV[2])
        redis.call('XADD', KEYS[2], string.format('%d-0', ARGV[1] + 1), 'event', ARGV[3])
        redis.call('HSET', KEYS[1], unpack(ARGV, 5))
        if ARGV[4] ~= '' then redis.call('SREM', KEYS[4], ARGV[4]) end
        return 0
        """;

    /// <summary>
    /// KEYS job, events, keys, active, all, models, request; ARGV idempotency key, id, digest of the request, time, tuned
    /// model, key, event, then fields and values. Returns job and digest of the request that has the idempotency key, or nothing.
    /// </summary>
    public const string Create = """
        if ARGV[1] ~= '' then
            local known = redis.call('HMGET', KEYS[7], 'job', 'digest')
            if known[1] then return known end
            redis.call('HSET', KEYS[7], 'job', ARGV[2], 'digest', ARGV[3])
        end
        redis.call('SADD', KEYS[3], ARGV[6])
        redis.call('XADD', KEYS[2], '1-0', 'event', ARGV[7])
        redis.call('HSET', KEYS[1], unpack(ARGV, 8))
        redis.call('SADD', KEYS[4], ARGV[2])
        redis.call('ZADD', KEYS[5], ARGV[4], ARGV[2])
        redis.call('HSET', KEYS[6], ARGV[5], ARGV[2])
        return {}
        """;
}

/// <summary>What became of a write.</summary>
internal enum CommitResult
{
    Written,
    /// <summary>Someone else changed the job since it was read.</summary>
    Conflict,
    /// <summary>The fact is recorded already.</summary>
    Known,
}
