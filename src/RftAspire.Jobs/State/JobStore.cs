using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using StackExchange.Redis;
using static Microsoft.Extensions.Hosting.Extensions;

namespace RftAspire.Jobs.State;

/// <summary>
/// The one durable truth about jobs. A job's hash is the sum of its event stream: each change adds one event, the job's
/// revision is the number of its last event, and a change is written only on the revision it was computed from.
/// </summary>
public sealed class JobStore(ConnectionMultiplexer redis, JobSignal signal, TimeProvider clock)
{
    private const int Attempts = 50;

    // rft:job:{id}          hash      spec (JSON), state, revision, step, total, changed, started, finished (ticks, UTC),
    //                                 error (protobuf), model, digest, results, costs (protobuf), round, accepted,
    //                                 checkpoints (JSON), change
    // rft:job:{id}:events   stream    entry {revision}-0, field "event": JobEvent (protobuf)
    // rft:job:{id}:keys     set       keys of the facts recorded
    // rft:jobs:{tenant}     sorted    ids of its jobs by creation time
    // rft:active-jobs       set       ids of jobs that have not ended
    // rft:models            hash      tuned model's name -> job id
    // rft:request:{tenant}:{key}  hash      job, digest of the request that brought the idempotency key
    private static RedisKey Job(string id) => $"rft:job:{id}";
    private static RedisKey Events(string id) => $"rft:job:{id}:events";
    private static RedisKey[] JobKeys(string id) => [Job(id), Events(id), $"rft:job:{id}:keys", Active];
    private static RedisKey Request(string tenant, string key) => $"rft:request:{tenant}:{key}";
    private static RedisKey All(string tenant) => $"rft:jobs:{tenant}";
    private static readonly RedisKey Active = "rft:active-jobs";
    private static readonly RedisKey Models = "rft:models";

    private IDatabase Database => redis.GetDatabase();

    /// <summary>
    /// Writes a new job in state Validating. A request whose idempotency key is taken writes nothing and gets the key's first
    /// request.
    /// </summary>
    public async Task<KnownRequest?> CreateAsync(JobSpec spec, string requestDigest, string idempotencyKey)
    {
        var job = new JobRecord
        {
            Spec = spec,
            State = JobState.Validating,
            Revision = 1,
            ChangedAt = spec.CreatedAt,
            TotalSteps = spec.Hyperparameters.Steps,
        };
        var first = new JobEvent { StateChanged = new StateChanged { State = job.State } };
        RedisKey[] keys = [.. JobKeys(spec.JobId), All(spec.Tenant), Models, Request(spec.Tenant, idempotencyKey)];
        var reply = await Database.EvaluateAsync(JobScripts.Create, keys, [
            idempotencyKey, spec.JobId, requestDigest, spec.CreatedAt.ToUnixTimeMilliseconds(), spec.TunedModelName,
            JobChange.StateKey(job.State, job.Round), Numbered(first, job.Revision, spec.CreatedAt), .. JobFields.Write(job)]);
        signal.Raise();
        return KnownRequest.Read((RedisValue[])reply!);
    }

    /// <summary>The request that an idempotency key was first used for.</summary>
    public async Task<KnownRequest?> FindRequestAsync(string tenant, string idempotencyKey) =>
        KnownRequest.Read(await Soon(Database.HashGetAsync(Request(tenant, idempotencyKey), ["job", "digest"])));

    public async Task<JobRecord?> FindAsync(string id)
    {
        if (!ArtifactStore.IsId(id)) return null;
        var fields = await Soon(Database.HashGetAllAsync(Job(id)));
        return fields.Length == 0 ? null : JobFields.Read(fields);
    }

    /// <summary>The job if it is the tenant's; another tenant's is as unknown as one that never was, and nothing of it is read.</summary>
    public async Task<JobRecord?> FindAsync(string tenant, string id) =>
        ArtifactStore.IsId(id) && await Soon(Database.SortedSetScoreAsync(All(tenant), id)) is not null ? await FindAsync(id) : null;

    /// <summary>Applies a change once and returns the job as it then stands, or null if there is no such job.</summary>
    public async Task<JobRecord?> ApplyAsync(string id, JobChange change)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var job = await FindAsync(id);
            if (job is null) return null;
            var now = clock.GetUtcNow();
            if (change.Apply(job, now) is not var (next, happened, key)) return job;
            next = next with { Revision = job.Revision + 1 };
            switch (await CommitAsync(job.Revision, next, Numbered(happened, next.Revision, now), key))
            {
                case CommitResult.Written:
                    signal.Raise();
                    return next;
                case CommitResult.Known:
                    return job;
            }
        }
        throw new TimeoutException($"job {id} changed {Attempts} times while one change was being written");
    }

    private async Task<CommitResult> CommitAsync(long revision, JobRecord next, byte[] happened, string key) =>
        (CommitResult)(int)await Database.EvaluateAsync(
            JobScripts.Commit,
            JobKeys(next.Spec.JobId),
            [revision, key, happened, next.HasEnded ? next.Spec.JobId : "", .. JobFields.Write(next)]);

    /// <summary>Events after the given one, in order; at most <paramref name="count"/>.</summary>
    public async Task<JobEvent[]> EventsAsync(string id, long after, int count)
    {
        var from = string.Create(CultureInfo.InvariantCulture, $"{after + 1}-0");
        return Events(await Soon(Database.ExecuteAsync("XRANGE", Events(id), from, "+", "COUNT", count)));
    }

    /// <summary>Events before the given one, newest first; at most <paramref name="count"/>.</summary>
    public async Task<JobEvent[]> EventsBeforeAsync(string id, long before, int count)
    {
        var from = string.Create(CultureInfo.InvariantCulture, $"{before - 1}-0");
        return Events(await Soon(Database.ExecuteAsync("XREVRANGE", Events(id), from, "-", "COUNT", count)));
    }

    /// <summary>The tenant's jobs, newest first, after the given one; null if that one is unknown.</summary>
    public async Task<JobRecord[]?> ListAsync(string tenant, string after, int count)
    {
        long first = 0;
        if (after.Length > 0)
        {
            if (await Soon(Database.SortedSetRankAsync(All(tenant), after, Order.Descending)) is not { } rank) return null;
            first = rank + 1;
        }
        var ids = await Soon(Database.SortedSetRangeByRankAsync(All(tenant), first, first + count - 1, Order.Descending));
        return await FindAllAsync(ids);
    }

    /// <summary>Jobs that have not ended.</summary>
    public async Task<JobRecord[]> ActiveAsync() => await FindAllAsync(await Soon(Database.SetMembersAsync(Active)));

    /// <summary>The job that makes a tuned model, or null where no job does.</summary>
    public async Task<JobRecord?> FindByModelAsync(string tunedModel) =>
        (string?)await Soon(Database.HashGetAsync(Models, tunedModel)) is { } id ? await FindAsync(id) : null;

    private async Task<JobRecord[]> FindAllAsync(RedisValue[] ids)
    {
        var jobs = await Task.WhenAll(ids.Select(id => FindAsync((string)id!)));
        return [.. jobs.OfType<JobRecord>()];
    }

    private static JobEvent[] Events(RedisResult entries) =>
        Array.ConvertAll((RedisResult[])entries!, entry => JobEvent.Parser.ParseFrom((byte[])((RedisResult[])((RedisResult[])entry!)[1]!)[1]!));

    private static byte[] Numbered(JobEvent happened, long sequence, DateTimeOffset time)
    {
        happened.Sequence = sequence;
        happened.Time = time.ToTimestamp();
        return happened.ToByteArray();
    }
}

/// <summary>The job that a request made, and the digest by which the same request is known again.</summary>
public sealed record KnownRequest(string JobId, string Digest)
{
    internal static KnownRequest? Read(RedisValue[] values) =>
        values.Length == 0 || values[0].IsNull ? null : new KnownRequest(values[0]!, values[1]!);
}
