namespace RftAspire.Grading.Remote;

/// <summary>Spaces requests evenly, so that no more than so many a second leave.</summary>
internal sealed class Pace(double perSecond)
{
    private readonly Lock _lock = new();
    private readonly TimeSpan _interval = TimeSpan.FromSeconds(1 / perSecond);
    private TimeSpan _next;

    public Task WaitAsync(CancellationToken cancellation)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = TimeProvider.System.GetElapsedTime(0);
            var start = _next > now ? _next : now;
            (wait, _next) = (start - now, start + _interval);
        }
        return wait < TimeSpan.FromMilliseconds(1) ? Task.CompletedTask : Task.Delay(wait, cancellation);
    }
}
