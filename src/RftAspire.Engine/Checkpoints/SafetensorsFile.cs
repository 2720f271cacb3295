using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RftAspire.Engine.Checkpoints;

/// <summary>A safetensors file: the header is read and checked on opening, a tensor's bytes when they are asked for.</summary>
public sealed partial class SafetensorsFile : IDisposable
{
    private const int ChunkBytes = 1 << 20;

    private readonly string path;
    private readonly SafeFileHandle handle;
    private readonly SortedDictionary<string, TensorInfo> tensors = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> metadata = new(StringComparer.Ordinal);

    private SafetensorsFile(string path, SafeFileHandle handle) => (this.path, this.handle) = (path, handle);

    /// <summary>The tensors in ordinal order of their names.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <exception cref="CheckpointException">The file cannot be read or breaks the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafetensorsFile? file = null;
        try
        {
            file = new SafetensorsFile(path, File.OpenHandle(path));
            file.ReadHeader();
            return file;
        }
        catch (Exception fault)
        {
            file?.Dispose();
            if (fault is IOException or UnauthorizedAccessException) throw new CheckpointException(path, $"cannot be read: {fault.Message}", fault);
            throw;
        }
    }

    /// <summary>The tensor's values in row-major order; F16 and BF16 are widened exactly.</summary>
    public float[] ReadFloats(string name)
    {
        var info = Find(name, DType.F32, DType.F16, DType.BF16);
        var values = Allocate<float>(info);
        if (info.DType == DType.F32) ReadBytes(info, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        else ReadWidened(info, values);
        return values;
    }

    public long[] ReadInt64(string name)
    {
        var info = Find(name, DType.I64);
        var values = Allocate<long>(info);
        ReadBytes(info, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    public void Dispose() => handle.Dispose();

    private void ReadHeader()
    {
        var length = RandomAccess.GetLength(handle);
        if (length < 8) throw new CheckpointException(path, $"{length} bytes cannot hold the 8 bytes of a safetensors header length");
        var prefix = new byte[8];
        ReadBytes(0, prefix);
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > SafetensorsHeader.MaxLength)
            throw new CheckpointException(path, $"header length {headerLength} is above {SafetensorsHeader.MaxLength}: not a safetensors file?");
        if (headerLength > (ulong)(length - 8))
            throw new CheckpointException(path, $"header length {headerLength} exceeds the file's {length} bytes");
        var header = new byte[headerLength];
        ReadBytes(8, header);
        SafetensorsHeader.Parse(path, header, length, tensors, metadata);
    }

    private TensorInfo Find(string name, params ReadOnlySpan<DType> accepted)
    {
        if (!tensors.TryGetValue(name, out var info)) throw new CheckpointException(path, $"tensor '{name}' is missing");
        if (accepted.Contains(info.DType)) return info;
        throw new CheckpointException(path, name, info.Begin, $"is {info.DType.Name()}, expected {string.Join(" or ", accepted.ToArray())}");
    }

    private T[] Allocate<T>(TensorInfo info) =>
        info.Count <= Array.MaxLength
            ? GC.AllocateUninitializedArray<T>((int)info.Count)
            : throw new CheckpointException(path, info.Name, info.Begin, $"has {info.Count} elements, at most {Array.MaxLength} are supported");

    private void ReadWidened(TensorInfo info, float[] values)
    {
        var chunk = new ushort[Math.Min(ChunkBytes / 2, values.Length)];
        for (var done = 0; done < values.Length; done += chunk.Length)
        {
            var part = chunk.AsSpan(0, Math.Min(chunk.Length, values.Length - done));
            ReadBytes(info, 2L * done, MemoryMarshal.AsBytes(part));
            if (info.DType == DType.BF16) FloatFormats.WidenBFloat16(part, values.AsSpan(done));
            else FloatFormats.WidenHalf(MemoryMarshal.Cast<ushort, Half>(part), values.AsSpan(done));
        }
    }

    private void ReadBytes(TensorInfo info, long start, Span<byte> target)
    {
        try
        {
            ReadBytes(info.Begin + start, target);
        }
        catch (IOException fault)
        {
            throw new CheckpointException(path, info.Name, info.Begin, $"cannot be read: {fault.Message}");
        }
    }

    private void ReadBytes(long position, Span<byte> target)
    {
        while (target.Length > 0)
        {
            var read = RandomAccess.Read(handle, target[..Math.Min(target.Length, 1 << 30)], position);
            if (read == 0) throw new EndOfStreamException($"the file ends at byte {position}");
            position += read;
            target = target[read..];
        }
    }
}
