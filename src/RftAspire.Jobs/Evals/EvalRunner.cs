using System.Text.Json;
using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Webhooks;
using StackExchange.Redis;

namespace RftAspire.Jobs.Evals;

/// <summary>
/// Works on runs, the oldest first, one after the other: rows that have no result yet are answered and graded, several at once. A
/// restart goes on with the rows that are missing.
/// </summary>
public sealed partial class EvalRunner(
    EvalStore evals, EvalRows rows, ArtifactStore artifacts, EvalRunSignal signal, WebhookSender webhooks, TimeProvider clock, ILogger<EvalRunner> logger) : BackgroundService
{
    private const int AtOnce = 16;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var changed = signal.Next;
            try
            {
                if (await NextAsync() is { } run)
                {
                    await WorkAsync(run, stoppingToken);
                    continue;
                }
            }
            catch (Exception error) when (error is RedisException or TimeoutException)
            {
                LogUnread(error.Message);
            }
            await Task.WhenAny(changed, Task.Delay(s_pause, clock, stoppingToken));
        }
    }

    private async Task<RunRecord?> NextAsync()
    {
        foreach (var id in await evals.ActiveRunsAsync())
            if (await evals.FindRunAsync(id) is { } run) return run;
        return null;
    }

    private async Task WorkAsync(RunRecord record, CancellationToken stopping)
    {
        var id = record.Run.Id;
        await evals.MoveRunAsync(id, EvalRunState.InProgress, null, EvalRunState.Queued);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var watching = CancelWithRunAsync(id, cancellation);
        try
        {
            await AnswerAsync(record, cancellation.Token);
            await EndAsync(record, EvalRunState.Completed, null);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            if (!stopping.IsCancellationRequested) await EndAsync(record, EvalRunState.Canceled, null);
        }
        catch (RpcException error)
        {
            await FailAsync(record, "unavailable", error.Status.Detail);
        }
#pragma warning disable CA1031 // A run that breaks must not take the service and the runs behind it with it.
        catch (Exception error) when (error is not (RedisException or TimeoutException))
#pragma warning restore CA1031
        {
            await FailAsync(record, "internal_error", $"{error.GetType().Name}: {error.Message}");
        }
        finally
        {
            await cancellation.CancelAsync();
            await watching;
        }
    }

    private async Task AnswerAsync(RunRecord record, CancellationToken cancellation)
    {
        if (await evals.FindAsync(record.Tenant, record.Run.EvalId) is not { } eval) throw new OperationCanceledException("the eval is deleted");
        var criteria = Criterion.ParseAll(record.Caller, eval.TestingCriteriaJson, "testing_criteria_json", []);
        var source = RunSource.Parse(record.Run.DataSourceJson);
        var done = await evals.DoneAsync(record.Run.Id);
        var missing = File.ReadLines(artifacts.EvalRowsFile(record.Run.Id))
            .Select((line, row) => (Row: row, Line: line)).Where(entry => !done.Contains(entry.Row));
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation };
        await Parallel.ForEachAsync(missing, options, async (entry, token) =>
        {
            var row = JsonSerializer.Deserialize<EvalRow>(entry.Line, ArtifactStore.Json)!;
            await evals.AddItemAsync(await rows.RunAsync(record, entry.Row, row, source, criteria, token));
        });
    }

    /// <summary>Cancels the work when the run is cancelled or deleted, wherever that happens.</summary>
    private async Task CancelWithRunAsync(string id, CancellationTokenSource cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var changed = signal.Next;
            try
            {
                if (await evals.FindRunAsync(id) is not { Run.State: EvalRunState.InProgress }) await cancellation.CancelAsync();
            }
            catch (Exception error) when (error is RedisException or TimeoutException)
            {
                LogUnread(error.Message);
            }
            await Task.WhenAny(changed, Task.Delay(s_pause, clock, cancellation.Token));
        }
    }

    private Task FailAsync(RunRecord record, string code, string message)
    {
        LogFailed(record.Run.Id, message);
        return EndAsync(record, EvalRunState.Failed, new JobError { Code = code, Message = message });
    }

    private async Task EndAsync(RunRecord record, EvalRunState state, JobError? error)
    {
        await evals.MoveRunAsync(record.Run.Id, state, error, EvalRunState.InProgress, EvalRunState.Queued);
        if (await evals.FindRunAsync(record.Run.Id) is not { } ended) return;
        var told = ended.Run.State switch
        {
            EvalRunState.Completed => WebhookEvents.RunSucceeded,
            EvalRunState.Failed => WebhookEvents.RunFailed,
            _ => WebhookEvents.RunCanceled,
        };
        await webhooks.AnnounceAsync(record.Tenant, told, record.Run.Id, clock.GetUtcNow());
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Eval run {RunId} failed: {Reason}")]
    private partial void LogFailed(string runId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Eval runs could not be read, trying again: {Reason}")]
    private partial void LogUnread(string reason);
}
