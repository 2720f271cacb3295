using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace RftAspire.Grading.Python;

/// <summary>One sandboxed process that has loaded one grader's source, and serves no other.</summary>
internal sealed class PythonWorker : IAsyncDisposable
{
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_end = TimeSpan.FromSeconds(1);
    private static readonly HashSet<string> s_harmless = [PythonFaults.Exception, PythonFaults.Result];
    private static readonly HashSet<string> s_reported =
        [PythonFaults.Memory, PythonFaults.Processes, PythonFaults.Exception, PythonFaults.Result, PythonFaults.Source];

    private readonly PythonOptions _options;
    private readonly SandboxBackend _backend;
    private readonly Process _outer;
    private readonly FrameChannel _channel;
    private readonly OutputSink _printed;
    private Process? _inner;
    private ControlGroup? _group;
    private TimeSpan _busy;
    private int _calls;
    private bool _sound = true;

    private PythonWorker(SandboxBackend backend, Process outer, PythonOptions options)
    {
        (_backend, _outer, _options) = (backend, outer, options);
        _channel = new FrameChannel(outer.StandardInput.BaseStream, outer.StandardOutput.BaseStream);
        _printed = new OutputSink(outer.StandardError.BaseStream, (long)options.OutputKiB << 10);
    }

    /// <summary>The source it has loaded, or is to load.</summary>
    public string Source { get; private set; } = "";

    /// <summary>What holds it in.</summary>
    public IReadOnlyList<string> Layers { get; private set; } = [];

    /// <summary>Whether it may serve another call.</summary>
    public bool IsUsable => _sound && _calls < _options.CallsPerWorker && _busy < _options.MaxBusy;

    /// <summary>When it was last put aside, by <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public long IdleSince { get; set; }

    /// <summary>The process of the grader, as this machine numbers it.</summary>
    public int ProcessId => _inner!.Id;

    /// <summary>Starts a process and looks at it from outside; throws <see cref="SandboxException"/> where a layer is missing.</summary>
    public static async Task<PythonWorker> StartAsync(
        SandboxBackend backend, PythonOptions options, SandboxLauncher launcher, CancellationToken cancellation)
    {
        var worker = new PythonWorker(backend, await launcher.StartAsync(SandboxCommand.For(backend, options)), options);
        try
        {
            await worker.StandAsync(cancellation);
            return worker;
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Hands the source over; null where it is loaded.</summary>
    public async Task<PythonOutcome.Failed?> LoadAsync(string source, CancellationToken cancellation)
    {
        Source = source;
        var request = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["source"] = source });
        var failed = await ExchangeAsync(request, cancellation) as PythonOutcome.Failed;
        _sound &= failed is null;
        return failed;
    }

    /// <summary>One call; <paramref name="request"/> is JSON with <c>sample</c> and <c>item</c>.</summary>
    public async Task<PythonOutcome> CallAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        _calls++;
        return await ExchangeAsync(request, cancellation) ?? await EndAsync(PythonFaults.Died, "the grader broke the channel of its answers");
    }

    /// <summary>Ends it with all of its processes; none is left when this returns.</summary>
    public async ValueTask DisposeAsync()
    {
        _sound = false;
        await KillAsync();
        _printed.Dispose();
        _inner?.Dispose();
        _outer.Dispose();
        _group?.Dispose();
    }

    private async Task StandAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_start);
        try
        {
            await _channel.ReceiveAsync(limit.Token);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            await KillAsync();
            throw new SandboxException($"the process does not stand: {_printed.Last} {Ending()}");
        }
        _inner = _backend == SandboxBackend.Bare ? _outer : Process.GetProcessById(Children(_outer.Id).Single());
        _group = ControlGroup.TryCreate(_options, _outer.Id, _inner.Id);
        Layers = [.. SandboxLayers.Of(_inner.Id, _options), .. _group is null ? (string[])[] : [SandboxLayers.ControlGroup]];
        var missing = SandboxLayers.Required.Except(Layers);
        if (_backend != SandboxBackend.Bare && missing.Any()) throw new SandboxException($"missing: {string.Join(", ", missing)}");
    }

    private async Task<PythonOutcome?> ExchangeAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        _printed.BeginCall();
        var begun = Stopwatch.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _printed.Exceeded);
        limit.CancelAfter(_options.Deadline);
        try
        {
            await _channel.SendAsync(request, limit.Token);
            var outcome = Read(await _channel.ReceiveAsync(limit.Token));
            _busy += Stopwatch.GetElapsedTime(begun);
            _sound &= outcome is not PythonOutcome.Failed { Kind: var kind } || s_harmless.Contains(kind);
            return outcome;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _sound = false;
            throw;
        }
        catch (OperationCanceledException)
        {
            return _printed.Exceeded.IsCancellationRequested ? await EndAsync(PythonFaults.Output, TooMuchPrinted()) : await LateAsync();
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return await DiedAsync(error);
        }
    }

    // Its words are the grader's own from the first call on.
    private static PythonOutcome? Read(JsonElement answer)
    {
        try
        {
            if (answer.TryGetProperty("reward", out var reward) && reward.GetDouble() is var value && double.IsFinite(value))
                return new PythonOutcome.Reward(value);
            if (answer.TryGetProperty("kind", out var kind) && s_reported.TryGetValue(kind.GetString()!, out var known))
                return new PythonOutcome.Failed(known, answer.GetProperty("message").GetString()!);
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException or KeyNotFoundException or ArgumentNullException)
        {
            throw new InvalidDataException($"an answer of wrong types: {error.Message}", error);
        }
        return null;
    }

    private Task<PythonOutcome.Failed> LateAsync()
    {
        var processes = Descendants(ProcessId).Count() + 1;
        return processes >= _options.Processes
            ? EndAsync(PythonFaults.Processes, $"the grader still had {processes} processes at the deadline of {Deadline} s, all that it may have")
            : EndAsync(PythonFaults.Timeout, $"the grader did not return within {Deadline} s");
    }

    private async Task<PythonOutcome.Failed> DiedAsync(Exception error)
    {
        using var soon = new CancellationTokenSource(s_end);
        await WaitAsync(soon.Token);
        if (_group is { IsOutOfMemory: true })
            return await EndAsync(PythonFaults.Memory, $"the grader's processes needed more than {_options.MemoryMiB} MiB together");
        if (!_outer.HasExited) return await EndAsync(PythonFaults.Died, $"the grader broke the channel of its answers: {error.Message}");
        var ending = Ending();
        return await EndAsync(PythonFaults.Died, "") with { Message = $"{ending} {_printed.Last}".Trim() };
    }

    private async Task<PythonOutcome.Failed> EndAsync(string kind, string message)
    {
        _sound = false;
        await KillAsync();
        return new PythonOutcome.Failed(kind, message);
    }

    // The first process of a process namespace takes all others with it; the launcher around it then ends by itself.
    private async Task KillAsync()
    {
        Kill(_inner ?? _outer);
        using (var soon = new CancellationTokenSource(s_end)) await WaitAsync(soon.Token);
        Kill(_outer);
        await WaitAsync(CancellationToken.None);
        // A process that escaped a bare run may hold the pipe for ever.
        await Task.WhenAny(_printed.Drained, Task.Delay(s_end));
    }

    private async Task WaitAsync(CancellationToken cancellation)
    {
        try
        {
            await _outer.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            // The caller looks.
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended meanwhile.
        }
    }

    private string Ending() => _outer.ExitCode switch
    {
        > 128 and var code => $"the worker was ended by signal {code - 128}{SignalName(code - 128)}.",
        var code => $"the worker ended with exit code {code}.",
    };

    private static string SignalName(int signal) => signal switch
    {
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        31 => " (SIGSYS)",
        _ => "",
    };

    private string Deadline => _options.Deadline.TotalSeconds.ToString(CultureInfo.InvariantCulture);

    private string TooMuchPrinted() => $"the grader printed more than {_options.OutputKiB} KiB in one call";

    private static IEnumerable<int> Descendants(int process) => Children(process).SelectMany(child => Descendants(child).Prepend(child));

    private static IEnumerable<int> Children(int process)
    {
        try
        {
            return [.. File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            return []; // It has ended meanwhile.
        }
    }
}
