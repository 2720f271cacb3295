using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.Intrinsics.X86;

namespace RftAspire.Engine.Numerics;

/// <summary>A piece of work that every thread of a team takes a share of.</summary>
internal interface IParallelJob
{
    /// <summary>Does share <paramref name="thread"/> of <paramref name="threads"/>; shares must not depend on each other.</summary>
    void Execute(int thread, int threads);
}

/// <summary>
/// A fixed team of threads for short parallel sections. Workers spin for a moment after each section, because the next one is
/// usually microseconds away, and sleep when it is not. One caller at a time.
/// </summary>
public sealed unsafe class ThreadTeam : IDisposable
{
    // A pause is 10 to 40 ns: about half a millisecond, and 10 microseconds.
    private const int SpinsBeforeSleep = 20_000, SpinsBeforeYield = 500;
    private const int FewRows = 4;
    private readonly Worker[] _workers;
    private delegate*<void*, int, int, void> _entry;
    private void* _job;
    private int _section;
    private Exception? _fault;
    private volatile bool _stopping;

    /// <param name="threads">Threads in all, the caller's included; 0 takes one per processor.</param>
    public ThreadTeam(int threads = 0)
    {
        Threads = threads > 0 ? threads : Environment.ProcessorCount;
        _workers = new Worker[Threads - 1];
        for (var i = 0; i < _workers.Length; i++) _workers[i] = new Worker(this, i + 1);
    }

    public int Threads { get; }

    internal void Run<TJob>(TJob job)
        where TJob : struct, IParallelJob
    {
        if (_workers.Length == 0)
        {
            job.Execute(0, 1);
            return;
        }
        // The job lives in this stack frame, which outlasts the section.
        _job = Unsafe.AsPointer(ref job);
        _entry = &Execute<TJob>;
        var section = _section + 1;
        Volatile.Write(ref _section, section);
        Interlocked.MemoryBarrier();
        foreach (var worker in _workers) worker.WakeIfAsleep();
        Share(0);
        foreach (var worker in _workers) worker.WaitFor(section);
        if (Interlocked.Exchange(ref _fault, null) is { } fault) ExceptionDispatchInfo.Throw(fault);
    }

    /// <summary>As <see cref="Run"/> for a job over rows; a few rows are done sooner than other threads are told of them.</summary>
    internal void RunRows<TJob>(int rows, TJob job)
        where TJob : struct, IParallelJob
    {
        if (rows <= FewRows) job.Execute(0, 1);
        else Run(job);
    }

    public void Dispose()
    {
        _stopping = true;
        foreach (var worker in _workers) worker.Dispose();
    }

    /// <summary>Keeps what a share throws for the caller: unhandled on a worker it would end the process.</summary>
    private void Share(int thread)
    {
        try
        {
            _entry(_job, thread, Threads);
        }
#pragma warning disable CA1031 // Rethrown by Run once no share is using the job any more.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref _fault, error, null);
        }
    }

    private static void Execute<TJob>(void* job, int thread, int threads)
        where TJob : struct, IParallelJob =>
        Unsafe.AsRef<TJob>(job).Execute(thread, threads);

    private sealed class Worker : IDisposable
    {
        private readonly ThreadTeam _team;
        private readonly int _index;
        private readonly SemaphoreSlim _wake = new(0);
        private readonly Thread _thread;
        private int _asleep;
        private int _done;

        public Worker(ThreadTeam team, int index)
        {
            (_team, _index) = (team, index);
            _thread = new Thread(Loop) { IsBackground = true, Name = $"engine-{index}" };
            _thread.Start();
        }

        public void WakeIfAsleep()
        {
            if (Interlocked.Exchange(ref _asleep, 0) == 1) _wake.Release();
        }

        public void WaitFor(int section)
        {
            for (var spins = 0; Volatile.Read(ref _done) != section; spins++) Pause(spins);
        }

        public void Dispose()
        {
            WakeIfAsleep();
            _thread.Join();
            _wake.Dispose();
        }

        private void Loop()
        {
            var seen = 0;
            while (true)
            {
                WaitForWork(seen);
                if (_team._stopping) return;
                seen = Volatile.Read(ref _team._section);
                _team.Share(_index);
                Volatile.Write(ref _done, seen);
            }
        }

        private void WaitForWork(int seen)
        {
            for (var spins = 0; Volatile.Read(ref _team._section) == seen && !_team._stopping; spins++)
            {
                if (spins < SpinsBeforeSleep)
                {
                    Pause(spins);
                    continue;
                }
                Interlocked.Exchange(ref _asleep, 1);
                // Work published before the flag was raised would not wake us.
                if (Volatile.Read(ref _team._section) == seen && !_team._stopping) _wake.Wait();
                else WakeIfAsleep();
                spins = 0;
            }
        }

        /// <summary>Yields now and then: with more runnable threads than cores, spinning keeps the other side from running.</summary>
        private static void Pause(int spins)
        {
            if (spins % SpinsBeforeYield == SpinsBeforeYield - 1) Thread.Yield();
            else if (X86Base.IsSupported) X86Base.Pause();
            else Thread.SpinWait(1);
        }
    }
}
