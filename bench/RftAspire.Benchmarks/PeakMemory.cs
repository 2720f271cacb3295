using System.Diagnostics;
using System.Globalization;

namespace RftAspire.Benchmarks;

/// <summary>The most memory that the process has had since a moment.</summary>
internal static class PeakMemory
{
    /// <summary>Starts anew, where the system allows it; elsewhere the peak is that of the process's whole life.</summary>
    public static void Reset()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        if (OperatingSystem.IsLinux()) File.WriteAllText("/proc/self/clear_refs", "5");
    }

    public static long Bytes()
    {
        if (!OperatingSystem.IsLinux()) return Process.GetCurrentProcess().PeakWorkingSet64;
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
