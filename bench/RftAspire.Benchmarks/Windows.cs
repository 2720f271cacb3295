using System.Diagnostics;

namespace RftAspire.Benchmarks;

/// <summary>Figures of one benchmark over its windows: median, least and most work a second, bytes allocated for a unit of work.</summary>
public sealed record Measurement(double Median, double Min, double Max, int Kept, int Tried, double BytesPerUnit);

/// <summary>
/// Repeats a piece of work and keeps the undisturbed windows: those in which the process had nearly all of its threads' time. The
/// engine's threads spin while they wait, so less than that means that someone else had the cores.
/// </summary>
public sealed class Windows(int threads, TimeSpan duration, CancellationToken cancellation)
{
    private const double UndisturbedShare = 0.97;
    private const int LeastKept = 5;

    /// <param name="units">Units of work (tokens, operations) that one run of <paramref name="body"/> does.</param>
    /// <param name="prepare">Untimed, before each run.</param>
    /// <param name="body">What is timed.</param>
    public Measurement Measure(double units, Action prepare, Action body)
    {
        List<double> kept = [], all = [];
        List<double> bytes = [];
        for (var warmup = Stopwatch.StartNew(); warmup.Elapsed < duration / 3;) Once(prepare, body);
        // Disturbed machines get three times as long.
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < duration || (kept.Count < LeastKept && clock.Elapsed < 3 * duration);)
        {
            var (wall, cpu, allocated) = Once(prepare, body);
            all.Add(units / wall);
            bytes.Add(allocated / units);
            if (cpu >= UndisturbedShare * threads * wall) kept.Add(units / wall);
        }
        var figures = kept.Count > 0 ? kept : all;
        figures.Sort();
        bytes.Sort();
        return new Measurement(figures[figures.Count / 2], figures[0], figures[^1], kept.Count, all.Count, bytes[bytes.Count / 2]);
    }

    private (double Wall, double Cpu, long Allocated) Once(Action prepare, Action body)
    {
        cancellation.ThrowIfCancellationRequested();
        prepare();
        var (allocated, cpu, start) = (GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        body();
        var wall = Stopwatch.GetElapsedTime(start);
        return (wall.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds, GC.GetTotalAllocatedBytes() - allocated);
    }
}
