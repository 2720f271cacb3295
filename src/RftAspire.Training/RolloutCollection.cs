using System.Diagnostics.Metrics;
using System.Threading.Channels;
using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>
/// The prompt groups of one step on their way: a window of them is asked for at a time, so that queues stay bounded, and nothing is
/// while the job's grader is away.
/// </summary>
internal sealed partial class RolloutCollection(
    IReadOnlyList<SamplePromptGroup> commands, ChannelReader<PromptGroupGraded> answers, Func<IReadOnlyList<SamplePromptGroup>, CancellationToken, Task> publish,
    GradingPauses pauses, TrainingOptions options, ILogger logger)
{
    // How soon the end of a pause is seen.
    private static readonly TimeSpan s_pausePoll = TimeSpan.FromSeconds(1);
    private static readonly Counter<double> s_paused = new Meter(Extensions.TelemetryName)
        .CreateCounter<double>("rft.training.paused", "s", "Time in which no prompt group was asked for, since a grader was away.");

    private readonly string _jobId = commands.Count > 0 ? commands[0].Id.JobId : "";
    private readonly Dictionary<GroupId, PromptGroupGraded> _received = [];
    private int _asked;

    /// <summary>The graded groups, in the order of the commands.</summary>
    /// <exception cref="TrainingException">A group was given up, none was answered for too long, or the grader was away for too long.</exception>
    public async Task<PromptGroupGraded[]> CollectAsync(CancellationToken cancellation)
    {
        var before = pauses.Total(_jobId);
        var (lastAnswer, lastAsked) = (Mark(), Mark());
        while (_received.Count < commands.Count)
        {
            var pause = pauses.Current(_jobId);
            if (pause is null && await AskAsync(cancellation)) lastAsked = Mark();
            if (await NextAsync(pause is null ? options.GroupDeadline - Waited(lastAsked) : s_pausePoll, cancellation) is { } group)
            {
                _received[group.Id] = group;
                (lastAnswer, lastAsked) = (Mark(), Mark());
                continue;
            }
            CheckLimits(pause, lastAnswer);
            if (pause is not null || pauses.Current(_jobId) is not null || Waited(lastAsked) < options.GroupDeadline) continue;
            await AskAgainAsync(cancellation);
            lastAsked = Mark();
        }
        s_paused.Add((pauses.Total(_jobId) - before).TotalSeconds);
        return [.. commands.Select(command => _received[command.Id])];
    }

    private async Task<bool> AskAsync(CancellationToken cancellation)
    {
        var count = Math.Min(commands.Count - _asked, options.GroupsInFlight - (_asked - _received.Count));
        if (count <= 0) return false;
        var next = commands.Skip(_asked).Take(count).ToList();
        _asked += count;
        await publish(next, cancellation);
        return true;
    }

    private async Task AskAgainAsync(CancellationToken cancellation)
    {
        var missing = commands.Take(_asked).Where(command => !_received.ContainsKey(command.Id)).ToList();
        LogMissing(missing.Count, commands.Count, missing[0].Id);
        await publish(missing, cancellation);
    }

    private void CheckLimits(GradingPaused? pause, (long At, TimeSpan Paused) lastAnswer)
    {
        var missing = commands.Count - _received.Count;
        var paused = pauses.Total(_jobId) - lastAnswer.Paused;
        if (pause is not null && paused > options.PauseLimit)
            throw new TrainingException("grader_unavailable", FormattableString.Invariant(
                $"the grader at {pause.Grader} has been away for {paused.TotalMinutes:0.#} minutes (Training:PauseLimit), {missing} of {commands.Count} prompt groups wait for it; first cause: {pause.Cause}"));
        var silence = Waited(lastAnswer);
        if (silence > options.StepDeadline)
            throw new TrainingException("rollouts_missing", $"{missing} of {commands.Count} prompt groups were not answered for {silence.TotalMinutes:F0} minutes; are Sampling and Grading running?");
    }

    /// <summary>The next answer, or null when none came within the time.</summary>
    private async Task<PromptGroupGraded?> NextAsync(TimeSpan time, CancellationToken cancellation)
    {
        // An answer that is there counts, even where this thread was kept waiting beyond the deadline.
        if (answers.TryRead(out var ready)) return ready;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(time > TimeSpan.Zero ? time : TimeSpan.Zero);
        try
        {
            return await answers.ReadAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
        catch (ChannelClosedException closed) when (closed.InnerException is TrainingException cause)
        {
            throw cause;
        }
    }

    private (long At, TimeSpan Paused) Mark() => (TimeProvider.System.GetTimestamp(), pauses.Total(_jobId));

    // Pauses are nobody's delay.
    private TimeSpan Waited((long At, TimeSpan Paused) mark) => TimeProvider.System.GetElapsedTime(mark.At) - (pauses.Total(_jobId) - mark.Paused);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Missing} of {Total} prompt groups unanswered, first {First}; asking for them again")]
    private partial void LogMissing(int missing, int total, GroupId first);
}
