using System.Collections.Concurrent;
using System.Text.Json;
using RftAspire.Contracts.Messages;

namespace RftAspire.Grading.Rollouts;

/// <summary>
/// The groups being graded, by identity. The work on a group outlives the message that began it, so that the message may go back to
/// its queue and find the work again when it comes round. Nothing here is durable: after a crash the queue still has the message,
/// and what was paid for is in the cache.
/// </summary>
public sealed partial class GroupsAtWork(GradingJobs jobs, ILogger<GroupsAtWork> logger) : IDisposable
{
    // Longer than a message takes to come round; one that went to another worker never does.
    private static readonly TimeSpan s_kept = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<GroupId, Work> _groups = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Begins the work on a group or joins it. A fault of the job's files is thrown, and the next call tries again.</summary>
    public Task<PromptGroupGraded> GradeAsync(PromptGroupSampled group)
    {
        Prune();
        return _groups.GetOrAdd(group.Id, _ => new Work(() => RunAsync(group))).Task;
    }

    /// <summary>The group's answer is on its way; who asks again gets the work done again.</summary>
    public void Forget(GroupId id) => _groups.TryRemove(id, out _);

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task<PromptGroupGraded> RunAsync(PromptGroupSampled group)
    {
        var job = jobs.Get(group.Id.JobId);
        var item = job.Item(group.Id);
        // Rules are done before the first await; what waits for others waits at the same time.
        var graded = await Task.WhenAll(group.Rollouts.Select(rollout => GradeAsync(job.Grader, item, rollout, group.Id, _stopping.Token)));
        return new PromptGroupGraded { Id = group.Id, WeightsVersion = group.WeightsVersion, PromptTokens = group.PromptTokens, Rollouts = graded };
    }

    private async Task<GradedRollout> GradeAsync(IGrader grader, JsonElement item, Rollout rollout, GroupId id, CancellationToken cancellation)
    {
        var request = new GradeRequest(item, new Sample(rollout.Text, rollout.FinishReason)) { JobId = id.JobId };
        var result = await grader.GradeAsync(request, cancellation);
        var graded = new GradedRollout { Rollout = rollout, Parts = [.. result.Parts] };
        GradingMetrics.Rollouts.Add(1, new KeyValuePair<string, object?>("result", (result as GradeResult.Ungraded)?.Kind ?? "graded"));
        switch (result)
        {
            case GradeResult.Reward reward:
                return graded with { Reward = reward.Value };
            case GradeResult.Ungraded ungraded:
                LogUngraded(id, rollout.Index, ungraded.Kind, ungraded.Message);
                return graded with { Error = new GradingError(ungraded.Kind, ungraded.Message) };
            default:
                throw new InvalidOperationException($"no such result: {result}");
        }
    }

    private void Prune()
    {
        foreach (var (id, work) in _groups)
        {
            if (work.EndedAt is { } ended && TimeProvider.System.GetElapsedTime(ended) > s_kept) Forget(id);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Group} rollout {Index} is ungraded, {Kind}: {Reason}")]
    private partial void LogUngraded(GroupId group, int index, string kind, string reason);

    private sealed class Work
    {
        // The dictionary may make one that nobody asks; it is begun by whoever asks first.
        private readonly Lazy<Task<PromptGroupGraded>> _task;
        private long _endedAt;

        public Work(Func<Task<PromptGroupGraded>> run) => _task = new(() => CountAsync(run));

        public Task<PromptGroupGraded> Task => _task.Value;

        public long? EndedAt => Volatile.Read(ref _endedAt) is not 0 and var at ? at : null;

        private async Task<PromptGroupGraded> CountAsync(Func<Task<PromptGroupGraded>> run)
        {
            GradingMetrics.Groups.Add(1);
            try
            {
                return await run();
            }
            finally
            {
                GradingMetrics.Groups.Add(-1);
                Volatile.Write(ref _endedAt, TimeProvider.System.GetTimestamp());
            }
        }
    }
}
