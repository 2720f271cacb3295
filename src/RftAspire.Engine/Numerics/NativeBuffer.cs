using System.Runtime.InteropServices;

namespace RftAspire.Engine.Numerics;

/// <summary>
/// Floats outside the garbage collector's reach, 64-byte aligned, with slack behind the end so that kernels may read a whole
/// strip across it.
/// </summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private const int SlackFloats = 64;
    private float* _start;

    public NativeBuffer(long length)
    {
        Length = length;
        var bytes = checked((nuint)((length + SlackFloats) * sizeof(float)));
        _start = (float*)NativeMemory.AlignedAlloc(bytes, bytes >= LargePages.Size ? LargePages.Size : 64);
        if (bytes >= LargePages.Size) LargePages.AskFor(_start, bytes);
        NativeMemory.Clear(_start, (nuint)((length + SlackFloats) * sizeof(float)));
        GC.AddMemoryPressure(length * sizeof(float));
    }

    ~NativeBuffer() => Free();

    public long Length { get; }

    public float* Start => _start == null ? throw new ObjectDisposedException(nameof(NativeBuffer)) : _start;

    public Span<float> Span(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, Length);
        return new Span<float>(Start + offset, length);
    }

    public void Clear() => NativeMemory.Clear(Start, (nuint)(Length * sizeof(float)));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_start == null) return;
        NativeMemory.AlignedFree(_start);
        _start = null;
        GC.RemoveMemoryPressure(Length * sizeof(float));
    }
}
