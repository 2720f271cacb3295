using System.Runtime.InteropServices;

namespace RftAspire.Engine.Numerics;

/// <summary>Pages of 2 MiB for large buffers, where the system gives them on request: a model's weights are more small pages than a processor can keep track of.</summary>
internal static unsafe partial class LargePages
{
    public const nuint Size = 2 << 20;
    private const int AdviseHugePage = 14;

    /// <summary>A hint: where it is not followed, memory is slower and nothing else.</summary>
    public static void AskFor(void* start, nuint bytes)
    {
        if (OperatingSystem.IsLinux()) _ = Advise(start, bytes / Size * Size, AdviseHugePage);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint bytes, int advice);
}
