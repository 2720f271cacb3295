using System.Diagnostics;
using System.Text;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Python;

/// <summary>
/// Runs the sources of <c>python</c> graders in warm, sandboxed processes. A worker belongs to one source for life; one that died,
/// was late or broke a rule is killed with all of its processes and replaced by the next call.
/// </summary>
public sealed partial class PythonSandbox : IAsyncDisposable, IDisposable
{
    private readonly PythonOptions _options;
    private readonly SandboxLauncher _launcher = new();
    private readonly SemaphoreSlim _slots;
    private readonly Lock _lock = new();
    // The latest used first.
    private readonly LinkedList<PythonWorker> _idle = [];
    private readonly Lazy<Task<SandboxProbe>> _probe;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Task _sweeps;

    public PythonSandbox(PythonOptions options, ILogger<PythonSandbox> logger)
    {
        _options = options;
        _slots = new SemaphoreSlim(options.Slots);
        _probe = new(() => FindAsync(logger));
        _sweeps = SweepAsync();
    }

    /// <summary>Calls that could begin at once.</summary>
    public int FreeSlots => _slots.CurrentCount;

    /// <summary>The processes that wait for a call, as this machine numbers them.</summary>
    public IReadOnlyList<int> IdleProcesses
    {
        get
        {
            lock (_lock) return [.. _idle.Select(worker => worker.ProcessId)];
        }
    }

    /// <summary>Which sandbox is in use and which of its layers hold; found out once.</summary>
    public Task<SandboxProbe> ProbeAsync() => _probe.Value;

    /// <summary>Loads a source as a call would; null where it can be used.</summary>
    public Task<PythonOutcome.Failed?> ValidateAsync(string source, CancellationToken cancellation) =>
        RunAsync(source, new Call<PythonOutcome.Failed?>((_, _) => Task.FromResult<PythonOutcome.Failed?>(null), failed => failed), cancellation);

    /// <summary>Calls <c>grade(sample, item)</c>.</summary>
    /// <param name="source">The grader's source.</param>
    /// <param name="sampleAndItemJson">One JSON object with <c>sample</c> and <c>item</c>.</param>
    /// <param name="cancellation">Ends the call, and the worker with it.</param>
    public Task<PythonOutcome> GradeAsync(string source, ReadOnlyMemory<byte> sampleAndItemJson, CancellationToken cancellation) =>
        RunAsync(source, new Call<PythonOutcome>((worker, either) => worker.CallAsync(sampleAndItemJson, either), failed => failed), cancellation);

    /// <summary>Ends all workers; calls under way are cancelled.</summary>
    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        if (_probe.IsValueCreated) await _probe.Value;
        for (var slot = 0; slot < _options.Slots; slot++) await _slots.WaitAsync();
        await _sweeps;
        await RetireAsync(_ => true);
        _launcher.Dispose();
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task<SandboxProbe> FindAsync(ILogger logger)
    {
        var probe = await SandboxProbe.FindAsync(_options, _launcher);
        var layers = string.Join(", ", probe.Layers);
        if (probe.Fault is { } fault) LogNone(logger, fault);
        else if (probe.Backend == SandboxBackend.Bare) LogBare(logger);
        else LogFound(logger, probe.Backend!.Value, layers);
        return probe;
    }

    private async Task<T> RunAsync<T>(string source, Call<T> call, CancellationToken cancellation)
    {
        if (Encoding.UTF8.GetByteCount(source) > PythonDefinition.MaxSourceBytes)
            return call.Fail(new(PythonFaults.Source, $"the source is longer than {PythonDefinition.MaxSourceBytes >> 10} KiB; shorten it"));
        var probe = await ProbeAsync();
        if (probe.Backend is not { } backend) return call.Fail(new(PythonFaults.SandboxUnavailable, probe.Fault!));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _disposed.Token);
        await _slots.WaitAsync(either.Token);
        try
        {
            return await UseAsync(backend, source, call, either.Token);
        }
        catch (SandboxException error)
        {
            return call.Fail(new(PythonFaults.SandboxUnavailable, error.Message));
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<T> UseAsync<T>(SandboxBackend backend, string source, Call<T> call, CancellationToken cancellation)
    {
        var idle = TakeIdle(worker => worker.Source == source, most: 1);
        var worker = idle.Count > 0 ? idle[0] : await PythonWorker.StartAsync(backend, _options, _launcher, cancellation);
        try
        {
            var failed = idle.Count > 0 ? null : await worker.LoadAsync(source, cancellation);
            return failed is null ? await call.Use(worker, cancellation) : call.Fail(failed);
        }
        finally
        {
            if (worker.IsUsable) await PutIdleAsync(worker);
            else await worker.DisposeAsync();
        }
    }

    private List<PythonWorker> TakeIdle(Func<PythonWorker, bool> wanted, int most = int.MaxValue)
    {
        lock (_lock)
        {
            List<PythonWorker> taken = [.. _idle.Where(wanted).Take(most)];
            foreach (var worker in taken) _idle.Remove(worker);
            return taken;
        }
    }

    private Task PutIdleAsync(PythonWorker worker)
    {
        worker.IdleSince = Stopwatch.GetTimestamp();
        lock (_lock) _idle.AddFirst(worker);
        var kept = 0;
        return RetireAsync(_ => ++kept > _options.IdleWorkers);
    }

    private async Task SweepAsync()
    {
        using var pause = new PeriodicTimer(_options.IdleLifetime / 4);
        try
        {
            while (await pause.WaitForNextTickAsync(_disposed.Token))
                await RetireAsync(worker => Stopwatch.GetElapsedTime(worker.IdleSince) > _options.IdleLifetime);
        }
        catch (OperationCanceledException)
        {
            // The sandbox is being disposed.
        }
    }

    private Task RetireAsync(Func<PythonWorker, bool> which) =>
        Task.WhenAll(TakeIdle(which).Select(worker => worker.DisposeAsync().AsTask()));

    private sealed record Call<T>(Func<PythonWorker, CancellationToken, Task<T>> Use, Func<PythonOutcome.Failed, T> Fail);

    [LoggerMessage(Level = LogLevel.Information, Message = "python graders run in a sandbox of {Backend}: {Layers}")]
    private static partial void LogFound(ILogger logger, SandboxBackend backend, string layers);

    [LoggerMessage(Level = LogLevel.Warning, Message = "python graders run WITHOUT A SANDBOX, with the rights of this service, because Grading:Python:AllowUnsandboxed is set")]
    private static partial void LogBare(ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "python graders are refused: {Fault}")]
    private static partial void LogNone(ILogger logger, string fault);
}
