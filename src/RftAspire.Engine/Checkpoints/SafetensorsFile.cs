using System.Buffers.Binary;

namespace RftAspire.Engine.Checkpoints;

/// <summary>A safetensors file, mapped into memory: the header is checked on opening, values are converted straight from the map.</summary>
public sealed unsafe partial class SafetensorsFile : IDisposable
{
    private const int ChunkBytes = 1 << 20;

    private readonly MappedFile _file;
    private readonly SortedDictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsFile(MappedFile file) => _file = file;

    /// <summary>The tensors in ordinal order of their names.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <exception cref="CheckpointException">The file cannot be read or breaks the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = new SafetensorsFile(new MappedFile(path));
        try
        {
            file.ReadHeader();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Puts the tensor's values, row-major, into <paramref name="target"/>; F16 and BF16 are widened exactly.</summary>
    /// <exception cref="CheckpointException">There is no such tensor of floats, or it has another number of elements.</exception>
    public void Read(string name, Span<float> target)
    {
        var info = FindFloats(name);
        if (info.Count != target.Length) throw Fault(info, $"has {info.Count} elements, not {target.Length}");
        FloatFormats.Widen(info.DType, _file.Tensor(name, info.Begin), target);
    }

    /// <summary>The tensor's values in row-major order; F16 and BF16 are widened exactly.</summary>
    public float[] ReadFloats(string name)
    {
        var values = Allocate<float>(FindFloats(name));
        Read(name, values);
        return values;
    }

    public long[] ReadInt64(string name)
    {
        var info = Find(name, DType.I64);
        var values = Allocate<long>(info);
        new ReadOnlySpan<long>(_file.Tensor(name, info.Begin), values.Length).CopyTo(values);
        return values;
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Whether the tensor is stored in the same bytes as one of <paramref name="other"/>.</summary>
    internal bool StoresTheSame(string name, SafetensorsFile other, string otherName)
    {
        TensorInfo info = _tensors[name], twin = other._tensors[otherName];
        if (info.DType != twin.DType || !info.Shape.AsSpan().SequenceEqual(twin.Shape)) return false;
        byte* bytes = _file.Tensor(name, info.Begin), twinBytes = other._file.Tensor(otherName, twin.Begin);
        for (var done = 0L; done < info.End - info.Begin; done += ChunkBytes)
        {
            var length = (int)Math.Min(ChunkBytes, info.End - info.Begin - done);
            if (!new ReadOnlySpan<byte>(bytes + done, length).SequenceEqual(new ReadOnlySpan<byte>(twinBytes + done, length))) return false;
        }
        return true;
    }

    /// <summary>The tensor, if it holds floats.</summary>
    internal TensorInfo FindFloats(string name) => Find(name, DType.F32, DType.F16, DType.BF16);

    private void ReadHeader()
    {
        var (path, length) = (_file.Path, _file.Length);
        if (length < 8) throw new CheckpointException(path, $"{length} bytes cannot hold the 8 bytes of a safetensors header length");
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(_file.Span<byte>(0, 8));
        if (headerLength > SafetensorsHeader.MaxLength)
            throw new CheckpointException(path, $"header length {headerLength} is above {SafetensorsHeader.MaxLength}: not a safetensors file?");
        if (headerLength > (ulong)(length - 8))
            throw new CheckpointException(path, $"header length {headerLength} exceeds the file's {length} bytes");
        SafetensorsHeader.Parse(path, _file.Span<byte>(8, (int)headerLength).ToArray(), length, _tensors, _metadata);
    }

    private TensorInfo Find(string name, params ReadOnlySpan<DType> accepted)
    {
        if (!_tensors.TryGetValue(name, out var info)) throw new CheckpointException(_file.Path, $"tensor '{name}' is missing");
        return accepted.Contains(info.DType) ? info : throw Fault(info, $"is {info.DType.Name()}, expected {string.Join(" or ", accepted.ToArray())}");
    }

    private T[] Allocate<T>(TensorInfo info) =>
        info.Count <= Array.MaxLength
            ? GC.AllocateUninitializedArray<T>((int)info.Count)
            : throw Fault(info, $"has {info.Count} elements, at most {Array.MaxLength} are supported");

    private CheckpointException Fault(TensorInfo info, string message) => new(_file.Path, info.Name, info.Begin, message);
}
