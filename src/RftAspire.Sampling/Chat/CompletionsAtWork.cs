using System.Collections.Concurrent;
using System.Diagnostics;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Constraints;
using RftAspire.Engine.Sampling;

namespace RftAspire.Sampling.Chat;

/// <summary>
/// The requests being answered, by id. The work on one outlives the message that began it. Nothing here is durable: after a crash
/// the queue, or the Jobs process that waits, says the command again, and the same tokens are drawn.
/// </summary>
internal sealed partial class CompletionsAtWork(PolicyCache policies, SamplingLoop loop, ReplyPump pump, ILogger<CompletionsAtWork> logger) : IDisposable
{
    private const int CancelledKept = 10_000;
    private readonly ConcurrentDictionary<string, Work> _works = new();
    // Those that were cancelled before their command came to this worker, if it ever does; the oldest first.
    private readonly Queue<string> _cancelledInOrder = [];
    private readonly HashSet<string> _cancelled = [];
    private readonly CancellationTokenSource _stopping = new();

    private sealed class Work(CompletePrompt command)
    {
        public CompletionReply Reply { get; } = new(command);
        public CancellationTokenSource Cancellation { get; } = new();
        public Lazy<Task>? Task { get; set; }
    }

    /// <summary>Begins the work on a command, or joins it and has everything told again.</summary>
    public Task CompleteAsync(CompletePrompt command)
    {
        var left = command.Deadline - TimeProvider.System.GetUtcNow();
        if (IsCancelled(command.RequestId) || left <= TimeSpan.Zero) return Task.CompletedTask;
        var mine = new Work(command);
        mine.Task = new(() => RunAsync(command, mine, left));
        var work = _works.GetOrAdd(command.RequestId, mine);
        if (work != mine) work.Reply.TellAgain();
        return work.Task!.Value;
    }

    public void Cancel(string requestId)
    {
        lock (_cancelled)
        {
            if (_cancelled.Add(requestId)) _cancelledInOrder.Enqueue(requestId);
            if (_cancelled.Count > CancelledKept) _cancelled.Remove(_cancelledInOrder.Dequeue());
        }
        if (_works.TryGetValue(requestId, out var work)) work.Cancellation.Cancel();
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private bool IsCancelled(string requestId)
    {
        lock (_cancelled) return _cancelled.Contains(requestId);
    }

    private async Task RunAsync(CompletePrompt command, Work work, TimeSpan limit)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(work.Cancellation.Token, _stopping.Token);
        cancellation.CancelAfter(limit);
        if (IsCancelled(command.RequestId)) await cancellation.CancelAsync();
        pump.Add(work.Reply);
        try
        {
            await BeginAsync(command, work.Reply, cancellation.Token);
            await work.Reply.Told.WaitAsync(cancellation.Token);
            SamplingMetrics.Chats.Add(1);
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            // Nobody waits any more.
        }
        finally
        {
            await cancellation.CancelAsync();
            work.Reply.EndTelling();
            _works.TryRemove(command.RequestId, out _);
        }
    }

    private async Task BeginAsync(CompletePrompt command, CompletionReply reply, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            using var lease = await policies.RentAsync(command.Weights);
            var request = CompletionRequests.Read(command, lease.Policy);
            reply.Begin(lease.Policy.Model.Encoder!, request.Prompt.Length);
            loop.Add(new DecodingWork(lease, isChat: true, Enter, error => Fail(command, reply, error))
            {
                Admitted = () => SamplingMetrics.QueueTime.Record(Stopwatch.GetElapsedTime(start).TotalSeconds),
            });

            BatchEntry Enter(DecodingBatch batch) => new(
                CompletionRequests.Fit(request, batch, command.MaxCompletionTokens is null), _ => { }, Drawn: reply.Draw, Cancellation: cancellation);
        }
#pragma warning disable CA1031 // Whoever waits is told why; to try again would fail again.
        catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
        {
            Fail(command, reply, error);
        }
    }

    private void Fail(CompletePrompt command, CompletionReply reply, Exception error)
    {
        LogFailed(command.RequestId, command.Model, error.Message);
        reply.Fail(error switch
        {
            CompletionException fault => fault.Error,
            SchemaException => new CompletionError("response_format_json", error.Message),
            ArgumentException => new CompletionError("max_completion_tokens", error.Message),
            CheckpointException or IOException => new CompletionError("", $"model {command.Model} cannot be loaded: {error.Message}"),
            _ => new CompletionError("", $"the sampler failed at this request: {error.Message}"),
        });
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "request {RequestId} of model {Model} has no answer: {Reason}")]
    private partial void LogFailed(string requestId, string model, string reason);
}
