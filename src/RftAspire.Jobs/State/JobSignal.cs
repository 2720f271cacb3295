namespace RftAspire.Jobs.State;

/// <summary>Wakes watchers of this process when it has changed a job, so that they need not wait for their next look at Redis.</summary>
public sealed class JobSignal
{
    private volatile TaskCompletionSource _next = New();

    /// <summary>Ends at the next change. Take it before reading, wait for it after.</summary>
    public Task Next => _next.Task;

    public void Raise() => Interlocked.Exchange(ref _next, New()).SetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
