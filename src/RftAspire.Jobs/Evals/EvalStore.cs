using System.Globalization;
using Google.Protobuf;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using StackExchange.Redis;
using static Microsoft.Extensions.Hosting.Extensions;

namespace RftAspire.Jobs.Evals;

/// <summary>A run and whose it is.</summary>
public sealed record RunRecord(string Tenant, EvalRun Run)
{
    /// <summary>As whom its rows are worked on.</summary>
    internal Caller Caller { get; } = new(Tenant, "key-eval", Role.User);
}

/// <summary>
/// Evals, their runs and output items. A run's counts are those of its items: an item and what it adds to them are written in one
/// piece, and an item that is there already adds nothing.
/// </summary>
public sealed class EvalStore(ConnectionMultiplexer redis)
{
    // rft:evals:{tenant}         sorted set   ids by time of creation
    // rft:eval:{id}              hash         tenant, eval (protobuf)
    // rft:eval:{id}:runs         sorted set   ids by time of creation
    // rft:eval-run:{id}          hash         tenant, run (protobuf, as created), state, fault (JobError, protobuf), and a count for each name
    // rft:eval-run:{id}:items    hash         row -> output item (protobuf)
    // rft:active-eval-runs       sorted set   runs that have not ended, by time of creation
    private static readonly RedisKey s_active = "rft:active-eval-runs";

    private const string Change = """
        if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
        redis.call('HSET', KEYS[1], 'eval', ARGV[1])
        return 1
        """;

    private const string AddItem = """
        if redis.call('HEXISTS', KEYS[2], 'state') == 0 or redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
        for i = 3, #ARGV, 2 do redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1]) end
        return 1
        """;

    // KEYS run, active; ARGV id, new state, error, 1 if it ends with it, then states it may come from.
    private const string MoveRun = """
        local state = redis.call('HGET', KEYS[1], 'state')
        for i = 5, #ARGV do
            if state == ARGV[i] then
                redis.call('HSET', KEYS[1], 'state', ARGV[2], 'fault', ARGV[3])
                if ARGV[4] == '1' then redis.call('ZREM', KEYS[2], ARGV[1]) end
                return 1
            end
        end
        return 0
        """;

    private static RedisKey Evals(string tenant) => $"rft:evals:{tenant}";
    private static RedisKey EvalKey(string id) => $"rft:eval:{id}";
    private static RedisKey Runs(string evalId) => $"rft:eval:{evalId}:runs";
    private static RedisKey RunKey(string id) => $"rft:eval-run:{id}";
    private static RedisKey Items(string runId) => $"rft:eval-run:{runId}:items";

    private IDatabase Database => redis.GetDatabase();

    public async Task CreateAsync(string tenant, Eval eval)
    {
        await Soon(Database.HashSetAsync(EvalKey(eval.Id), [new("tenant", tenant), new("eval", eval.ToByteArray())]));
        await Soon(Database.SortedSetAddAsync(Evals(tenant), eval.Id, eval.CreatedAt.ToDateTimeOffset().ToUnixTimeMilliseconds()));
    }

    /// <summary>Whether the eval was still there to be changed.</summary>
    public async Task<bool> ChangeAsync(Eval eval) => (bool)await Database.EvaluateAsync(Change, [EvalKey(eval.Id)], [eval.ToByteArray()]);

    /// <summary>Null where there is none, or it is another tenant's; nothing of such a one is read.</summary>
    public async Task<Eval?> FindAsync(string tenant, string id) =>
        await HasAsync(Evals(tenant), id) && (byte[]?)await Soon(Database.HashGetAsync(EvalKey(id), "eval")) is { } stored ? Eval.Parser.ParseFrom(stored) : null;

    /// <summary>Evals after the given one; null if that one is unknown.</summary>
    public async Task<Eval[]?> ListAsync(string tenant, string after, int count, bool descending) =>
        await IdsAsync(Evals(tenant), after, count, descending) is { } ids
            ? [.. (await Task.WhenAll(ids.Select(id => FindAsync(tenant, id)))).OfType<Eval>()]
            : null;

    /// <summary>Deletes an eval with its runs, and gives their ids.</summary>
    public async Task<string[]> DeleteAsync(string tenant, string id)
    {
        var runs = await IdsAsync(Runs(id), "", -1, descending: false) ?? [];
        foreach (var run in runs) await DeleteRunAsync(id, run);
        await Soon(Database.SortedSetRemoveAsync(Evals(tenant), id));
        await Soon(Database.KeyDeleteAsync([EvalKey(id), Runs(id)]));
        return runs;
    }

    public async Task CreateRunAsync(string tenant, EvalRun run)
    {
        var time = run.CreatedAt.ToDateTimeOffset().ToUnixTimeMilliseconds();
        await Soon(Database.HashSetAsync(RunKey(run.Id), [new("tenant", tenant), new("run", run.ToByteArray()), new("state", nameof(EvalRunState.Queued))]));
        await Soon(Database.SortedSetAddAsync(Runs(run.EvalId), run.Id, time));
        // Last: from now on the run is worked on.
        await Soon(Database.SortedSetAddAsync(s_active, run.Id, time));
    }

    /// <summary>A run of the tenant's eval; nothing of another one is read.</summary>
    public async Task<EvalRun?> FindRunAsync(string tenant, string evalId, string id) =>
        await HasAsync(Evals(tenant), evalId) && await HasAsync(Runs(evalId), id) ? (await FindRunAsync(id))?.Run : null;

    /// <summary>A run with its counts as they are now.</summary>
    public async Task<RunRecord?> FindRunAsync(string id)
    {
        var fields = (await Soon(Database.HashGetAllAsync(RunKey(id)))).ToDictionary(entry => (string)entry.Name!, entry => entry.Value);
        if (!fields.TryGetValue("run", out var stored)) return null;
        var run = EvalRun.Parser.ParseFrom((byte[])stored!);
        int Count(string name) => fields.TryGetValue(name, out var count) ? (int)count : 0;
        run.State = System.Enum.Parse<EvalRunState>((string)fields["state"]!);
        if (fields.TryGetValue("fault", out var error) && (byte[]?)error is { Length: > 0 } bytes) run.Error = JobError.Parser.ParseFrom(bytes);
        (run.Passed, run.Failed, run.Errored) = (Count("pass"), Count("fail"), Count("error"));
        run.Usage = new CompletionUsage { PromptTokens = Count("prompt"), CompletionTokens = Count("completion") };
        for (var i = 0; i < run.Criteria.Count; i++) (run.Criteria[i].Passed, run.Criteria[i].Failed) = (Count($"pass:{i}"), Count($"fail:{i}"));
        return new RunRecord((string)fields["tenant"]!, run);
    }

    /// <summary>Runs of an eval after the given one; null if that one is unknown.</summary>
    public async Task<EvalRun[]?> ListRunsAsync(string evalId, string after, int count, bool descending) =>
        await IdsAsync(Runs(evalId), after, count, descending) is { } ids
            ? [.. (await Task.WhenAll(ids.Select(FindRunAsync))).OfType<RunRecord>().Select(record => record.Run)]
            : null;

    public async Task<string[]> ActiveRunsAsync() => Array.ConvertAll(await Soon(Database.SortedSetRangeByRankAsync(s_active)), id => (string)id!);

    /// <summary>Whether the run was in one of these states, and so moved.</summary>
    public async Task<bool> MoveRunAsync(string id, EvalRunState to, JobError? error, params EvalRunState[] from)
    {
        var ends = to is EvalRunState.Completed or EvalRunState.Failed or EvalRunState.Canceled;
        RedisValue[] values = [id, to.ToString(), error?.ToByteArray() ?? [], ends ? 1 : 0, .. from.Select(state => (RedisValue)state.ToString())];
        return (bool)await Database.EvaluateAsync(MoveRun, [RunKey(id), s_active], values);
    }

    public async Task DeleteRunAsync(string evalId, string id)
    {
        await Soon(Database.SortedSetRemoveAsync(s_active, id));
        await Soon(Database.SortedSetRemoveAsync(Runs(evalId), id));
        await Soon(Database.KeyDeleteAsync([RunKey(id), Items(id)]));
    }

    /// <summary>Writes a row's result once. The run of an item may have been deleted: then nothing is written.</summary>
    public Task AddItemAsync(OutputItem item)
    {
        var values = new List<RedisValue> { item.Row, item.ToByteArray(), item.Status, 1, "prompt", item.Usage?.PromptTokens ?? 0, "completion", item.Usage?.CompletionTokens ?? 0 };
        for (var i = 0; i < item.Results.Count; i++) values.AddRange([$"{(item.Results[i].Passed ? "pass" : "fail")}:{i}", 1]);
        return Database.EvaluateAsync(AddItem, [Items(item.RunId), RunKey(item.RunId)], [.. values]);
    }

    public async Task<OutputItem?> FindItemAsync(string runId, int row) =>
        await Soon(Database.HashGetAsync(Items(runId), row)) is { IsNull: false } stored ? OutputItem.Parser.ParseFrom((byte[])stored!) : null;

    /// <summary>The rows that are done.</summary>
    public async Task<HashSet<int>> DoneAsync(string runId) => [.. (await Soon(Database.HashKeysAsync(Items(runId)))).Select(row => (int)row)];

    private async Task<bool> HasAsync(RedisKey ids, string id) => await Soon(Database.SortedSetScoreAsync(ids, id)) is not null;

    private async Task<string[]?> IdsAsync(RedisKey key, string after, int count, bool descending)
    {
        var order = descending ? Order.Descending : Order.Ascending;
        long first = 0;
        if (after.Length > 0)
        {
            if (await Soon(Database.SortedSetRankAsync(key, after, order)) is not { } rank) return null;
            first = rank + 1;
        }
        return Array.ConvertAll(await Soon(Database.SortedSetRangeByRankAsync(key, first, count < 0 ? -1 : first + count - 1, order)), id => (string)id!);
    }

    internal static string ItemId(string runId, int row) => string.Create(CultureInfo.InvariantCulture, $"outputitem_{runId["evalrun_".Length..]}_{row}");
}
