namespace RftAspire.Grading.Python;

/// <summary>A limit that the kernel keeps on each process of a worker.</summary>
/// <param name="Resource">Its name in Python's <c>resource</c> module, after <c>RLIMIT_</c>.</param>
/// <param name="Title">Its name in <c>/proc/pid/limits</c>.</param>
/// <param name="Most">Its value.</param>
internal sealed record ProcessLimit(string Resource, string Title, long Most)
{
    public static IReadOnlyList<ProcessLimit> All(PythonOptions options) =>
    [
        new("AS", "Max address space", (long)options.MemoryMiB << 20),
        new("FSIZE", "Max file size", (long)options.TemporaryMiB << 20),
        new("NOFILE", "Max open files", options.OpenFiles),
        new("NPROC", "Max processes", options.Processes),
        // A worker is replaced after half of this; it ends what escaped the deadline.
        new("CPU", "Max cpu time", (long)Math.Ceiling(2 * options.MaxBusy.TotalSeconds * Environment.ProcessorCount)),
        new("CORE", "Max core file size", 0),
        new("MSGQUEUE", "Max msgqueue size", 0),
        new("MEMLOCK", "Max locked memory", 0),
    ];
}
