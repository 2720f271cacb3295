using System.Runtime.InteropServices;

namespace RftAspire.Engine.Numerics;

/// <summary>
/// Machine code in pages of its own, which stay for the life of the process. The pages are writable first and executable
/// afterwards, never both.
/// </summary>
internal static unsafe partial class ExecutableMemory
{
    private const int Read = 1, Write = 2, Execute = 4;
    private const int PrivateAnonymous = 0x22;

    /// <summary>Returns the place of a copy of <paramref name="code"/> that may be called, or null where the system allows none.</summary>
    public static byte* TryPlace(ReadOnlySpan<byte> code)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return null;
        var pages = Map(null, (nuint)code.Length, Read | Write, PrivateAnonymous, -1, 0);
        if (pages == (byte*)-1) return null;
        code.CopyTo(new Span<byte>(pages, code.Length));
        if (Protect(pages, (nuint)code.Length, Read | Execute) == 0) return pages;
        _ = Unmap(pages, (nuint)code.Length);
        return null;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* Map(byte* address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(byte* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(byte* address, nuint length);
}
