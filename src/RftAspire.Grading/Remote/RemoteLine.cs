using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace RftAspire.Grading.Remote;

/// <summary>
/// The way to one service that grades. At most so many calls are in flight; a failed attempt is tried again after growing, jittered
/// pauses; where most attempts fail the circuit opens, and calls wait for its end instead of leaving their rollouts ungraded.
/// </summary>
internal sealed class RemoteLine : IDisposable
{
    // An answer that a sound service fails on is not worth more.
    private const int Attempts = 4;
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestRetryAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_longestBreak = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_firstBreak = TimeSpan.FromMilliseconds(500);
    private static readonly ResiliencePropertyKey<Call> s_call = new("call");

    private readonly TimeSpan _outageLimit;
    private readonly Action _changed;
    private readonly SemaphoreSlim _slots;
    private readonly ResiliencePipeline _retry;
    private readonly ResiliencePipeline _attempt;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _jobs = [];
    private int _calls;
    private Outage? _outage;

    /// <param name="address">Scheme, host and port.</param>
    /// <param name="options">Limits.</param>
    /// <param name="changed">Called when the service goes away and when it is back.</param>
    public RemoteLine(string address, GradingOptions options, Action changed)
    {
        (Address, _outageLimit, _changed, _slots) = (address, options.OutageLimit, changed, new SemaphoreSlim(options.Concurrency));
        _retry = new ResiliencePipelineBuilder().AddRetry(Retry()).Build();
        _attempt = new ResiliencePipelineBuilder().AddCircuitBreaker(Breaker())
            .AddTimeout(new TimeoutStrategyOptions { TimeoutGenerator = call => new(Of(call.Context).Timeout) }).Build();
    }

    public string Address { get; }

    /// <summary>Why calls wait and since when, null where the service answers.</summary>
    public Outage? Outage => Volatile.Read(ref _outage);

    /// <summary>The jobs that have calls in flight or waiting here.</summary>
    public string[] Jobs
    {
        get
        {
            lock (_lock) return [.. _jobs.Keys];
        }
    }

    /// <summary>Makes a call, again and again where that may help.</summary>
    /// <param name="attempt">One attempt; a <see cref="RemoteFault"/> is tried again, anything else it throws is not.</param>
    /// <param name="timeout">Time for one attempt.</param>
    /// <param name="pace">Limit of attempts a second.</param>
    /// <param name="jobId">The job that waits for it.</param>
    /// <param name="cancellation">Ends the call and its pauses.</param>
    /// <exception cref="RemoteFault">It went wrong for good.</exception>
    public async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> attempt, TimeSpan timeout, Pace? pace, string? jobId, CancellationToken cancellation)
    {
        Enter(jobId);
        try
        {
            await _slots.WaitAsync(cancellation);
            try
            {
                return await RetryAsync(attempt, new Call(timeout, pace), cancellation);
            }
            finally
            {
                _slots.Release();
            }
        }
        finally
        {
            Leave(jobId);
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task<T> RetryAsync<T>(Func<CancellationToken, Task<T>> attempt, Call call, CancellationToken cancellation)
    {
        var context = ResilienceContextPool.Shared.Get(cancellation);
        context.Properties.Set(s_call, call);
        try
        {
            return await _retry.ExecuteAsync(async retried =>
            {
                if (call.Pace is { } pace) await pace.WaitAsync(retried.CancellationToken);
                return await _attempt.ExecuteAsync(async guarded => await attempt(guarded.CancellationToken), retried);
            }, context);
        }
        catch (TimeoutRejectedException)
        {
            throw new RemoteFault(RemoteFault.TimedOut, FormattableString.Invariant($"{Address} gave no answer within {call.Timeout.TotalSeconds:0.###} s; raise timeout_seconds or make the grader faster"));
        }
        catch (BrokenCircuitException)
        {
            throw new RemoteFault(RemoteFault.Unavailable, FormattableString.Invariant($"{Address} was away for {_outageLimit.TotalMinutes:0.#} min (Grading:OutageLimit): {Outage?.Cause ?? "no cause known"}"));
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private RetryStrategyOptions Retry() => new()
    {
        ShouldHandle = failed => new(ShouldRetry(Of(failed.Context), failed.Outcome.Exception)),
        MaxRetryAttempts = int.MaxValue,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = TimeSpan.FromMilliseconds(100),
        MaxDelay = s_longestPause,
        DelayGenerator = failed => new(Pause(failed.Outcome.Exception)),
    };

    private CircuitBreakerStrategyOptions Breaker() => new()
    {
        ShouldHandle = tried => new(tried.Outcome.Exception is TimeoutRejectedException or RemoteFault { IsBusy: false }),
        FailureRatio = 0.5,
        MinimumThroughput = 10,
        SamplingDuration = TimeSpan.FromSeconds(30),
        BreakDurationGenerator = broken => new(Least(s_firstBreak * Math.Pow(2, Math.Min(broken.HalfOpenAttempts, 16)), s_longestBreak)),
        OnOpened = opened => Open(opened.Outcome.Exception!),
        OnHalfOpened = _ => Record(CircuitState.HalfOpen),
        OnClosed = _ => Close(),
    };

    private bool ShouldRetry(Call call, Exception? error)
    {
        if (error is not (BrokenCircuitException or TimeoutRejectedException or RemoteFault)) return false;
        call.FirstFault ??= TimeProvider.System.GetTimestamp();
        // While most others fail too, the fault is the service's and not this answer's.
        if (Outage is null && error is TimeoutRejectedException or RemoteFault { IsAway: false, IsBusy: false }) return ++call.Faults < Attempts;
        var since = Outage is { } outage ? Math.Min(outage.Since, call.FirstFault.Value) : call.FirstFault.Value;
        return TimeProvider.System.GetElapsedTime(since) < _outageLimit;
    }

    // Null is the pause that grows with the attempts.
    private static TimeSpan? Pause(Exception? error) => error switch
    {
        RemoteFault { RetryAfter: { } after } => Least(after, s_longestRetryAfter),
        BrokenCircuitException broken => Least(broken.RetryAfter ?? TimeSpan.Zero, s_longestBreak) + TimeSpan.FromMilliseconds(Random.Shared.Next(100, 600)),
        _ => null,
    };

    private ValueTask Open(Exception cause)
    {
        var text = cause is TimeoutRejectedException ? "no answer in time" : cause.Message;
        // A half-open circuit that opens again goes on with the same outage.
        Interlocked.CompareExchange(ref _outage, new Outage(TimeProvider.System.GetTimestamp(), text), null);
        _changed();
        return Record(CircuitState.Open);
    }

    private ValueTask Close()
    {
        Volatile.Write(ref _outage, null);
        _changed();
        return Record(CircuitState.Closed);
    }

    private ValueTask Record(CircuitState state)
    {
        GradingMetrics.Circuits.Record(state switch { CircuitState.Closed => 0, CircuitState.HalfOpen => 1, _ => 2 }, new KeyValuePair<string, object?>("endpoint", Address));
        return default;
    }

    private void Enter(string? jobId)
    {
        lock (_lock)
        {
            // Whoever comes to a line that everybody has given up gets the whole patience: the service may be back.
            if (_calls++ == 0 && Outage is { } old) Interlocked.CompareExchange(ref _outage, old with { Since = TimeProvider.System.GetTimestamp() }, old);
            if (jobId is not null) _jobs[jobId] = _jobs.GetValueOrDefault(jobId) + 1;
        }
    }

    private void Leave(string? jobId)
    {
        lock (_lock)
        {
            _calls--;
            if (jobId is not null && --_jobs[jobId] == 0) _jobs.Remove(jobId);
        }
    }

    private static Call Of(ResilienceContext context) => context.Properties.GetValue(s_call, null!);

    private static TimeSpan Least(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private sealed class Call(TimeSpan timeout, Pace? pace)
    {
        public TimeSpan Timeout { get; } = timeout;
        public Pace? Pace { get; } = pace;
        public long? FirstFault { get; set; }
        public int Faults { get; set; }
    }
}

/// <summary>A time without answers.</summary>
/// <param name="Since">Timestamp of its start.</param>
/// <param name="Cause">What opened the circuit.</param>
internal sealed record Outage(long Since, string Cause);
