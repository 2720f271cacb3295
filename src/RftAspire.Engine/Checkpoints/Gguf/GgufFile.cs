namespace RftAspire.Engine.Checkpoints.Gguf;

/// <summary>
/// A GGUF file (versions 2 and 3, little-endian), mapped into memory: metadata and tensor descriptions are checked on opening,
/// values are converted straight from the map. The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
/// </summary>
public sealed unsafe class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747; // "GGUF"
    private const int MaxRank = 4;

    private readonly MappedFile _file;
    private readonly SortedDictionary<string, object> _metadata = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, GgufTensor> _tensors = new(StringComparer.Ordinal);

    private GgufFile(MappedFile file) => _file = file;

    public string Path => _file.Path;

    /// <summary>Values are long, double, bool or string, or arrays of one of these.</summary>
    public IReadOnlyDictionary<string, object> Metadata => _metadata;

    public IReadOnlyDictionary<string, GgufTensor> Tensors => _tensors;

    /// <exception cref="CheckpointException">The file cannot be read, breaks the format or has a tensor of a type that is not read.</exception>
    public static GgufFile Open(string path)
    {
        var file = new GgufFile(new MappedFile(path));
        try
        {
            file.ReadHead(new GgufReader(file._file));
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Puts a tensor's values, row-major, into <paramref name="target"/>: exact but for Q8_0, which gives scale times integer.</summary>
    /// <exception cref="CheckpointException">There is no such tensor, or it has another number of elements.</exception>
    public void Read(string name, Span<float> target)
    {
        var tensor = Find(name);
        if (tensor.Count != target.Length) throw Fault(tensor, $"has {tensor.Count} elements, not {target.Length}");
        Read(tensor, 0, target);
    }

    /// <summary>As <see cref="Read(string, Span{float})"/>, row r of the target coming from row <paramref name="sourceOf"/>(r) of the file.</summary>
    public void ReadRows(string name, Span<float> target, Func<int, int> sourceOf)
    {
        var tensor = Find(name);
        if (tensor.Count != target.Length) throw Fault(tensor, $"has {tensor.Count} elements, not {target.Length}");
        var columns = (int)tensor.Shape[^1];
        for (var row = 0; row * (long)columns < target.Length; row++) Read(tensor, (long)sourceOf(row) * columns, target.Slice(row * columns, columns));
    }

    public void Dispose() => _file.Dispose();

    internal GgufTensor Find(string name) =>
        _tensors.TryGetValue(name, out var tensor) ? tensor : throw new CheckpointException(Path, $"tensor '{name}' is missing");

    internal CheckpointException Fault(GgufTensor tensor, string message) => new(Path, tensor.Name, tensor.Begin, message);

    private void Read(GgufTensor tensor, long first, Span<float> target)
    {
        var source = _file.Tensor(tensor.Name, tensor.Begin) + tensor.Bytes(first);
        switch (tensor.Type)
        {
            case GgufType.F32: FloatFormats.Widen(DType.F32, source, target); break;
            case GgufType.F16: FloatFormats.Widen(DType.F16, source, target); break;
            case GgufType.BF16: FloatFormats.Widen(DType.BF16, source, target); break;
            default: ReadBlocks(source, target); break;
        }
    }

    private static void ReadBlocks(byte* block, Span<float> target)
    {
        for (var at = 0; at < target.Length; at += GgufTensor.BlockSize, block += GgufTensor.BlockBytes)
        {
            var scale = (float)BitConverter.UInt16BitsToHalf(*(ushort*)block);
            for (var i = 0; i < GgufTensor.BlockSize; i++) target[at + i] = scale * (sbyte)block[2 + i];
        }
    }

    private void ReadHead(GgufReader reader)
    {
        if (_file.Length < 4 || reader.Next<uint>("the magic number") != Magic) throw new CheckpointException(Path, "is no GGUF file: it does not begin with 'GGUF'");
        var version = reader.Next<uint>("the version");
        if (version is not (2 or 3)) throw new CheckpointException(Path, $"GGUF version {version} is not supported: 2 and 3, little-endian, are");
        var tensors = reader.Count("the number of tensors", 24);
        for (var left = reader.Count("the number of metadata values", 13); left > 0; left--)
        {
            var key = reader.Text("a metadata key");
            if (!_metadata.TryAdd(key, reader.Value(key))) throw reader.Fault($"{key} is there twice");
        }
        for (; tensors > 0; tensors--) Add(reader, ReadTensor(reader));
        Place(Alignment(), reader.Position);
    }

    private void Add(GgufReader reader, GgufTensor tensor)
    {
        if (!_tensors.TryAdd(tensor.Name, tensor)) throw reader.Fault($"tensor '{tensor.Name}' is there twice");
    }

    /// <summary>A description; its place is still counted from the start of the data.</summary>
    private static GgufTensor ReadTensor(GgufReader reader)
    {
        var name = reader.Text("a tensor's name");
        var rank = reader.Next<uint>($"the rank of tensor '{name}'");
        if (rank is 0 or > MaxRank) throw reader.Fault($"tensor '{name}' has {rank} dimensions: 1 to {MaxRank} are supported");
        var shape = new long[rank];
        UInt128 count = 1;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            var size = reader.Next<ulong>($"the dimensions of tensor '{name}'");
            shape[i] = size is > 0 and <= int.MaxValue && (count *= size) <= int.MaxValue ? (long)size : throw reader.Fault($"tensor '{name}' has a dimension of {size}, or more than {int.MaxValue} elements");
        }
        var type = reader.Next<uint>($"the type of tensor '{name}'");
        if (!Enum.IsDefined((GgufType)type)) throw reader.Fault($"tensor '{name}' is {GgufTensor.NameOf(type)}: F32, F16, BF16 and Q8_0 are supported; convert the file to one of these");
        if ((GgufType)type == GgufType.Q8 && shape[^1] % GgufTensor.BlockSize != 0) throw reader.Fault($"tensor '{name}' is Q8_0 with rows of {shape[^1]}, no multiple of {GgufTensor.BlockSize}");
        var offset = reader.Next<ulong>($"the offset of tensor '{name}'");
        return new GgufTensor(name, (GgufType)type, shape, offset <= long.MaxValue ? (long)offset : throw reader.Fault($"tensor '{name}' is at offset {offset}"));
    }

    private long Alignment() => _metadata.GetValueOrDefault("general.alignment", 32L) is long and > 0 and <= 1 << 20 and var alignment && alignment % 8 == 0
        ? alignment
        : throw new CheckpointException(Path, $"general.alignment = {_metadata["general.alignment"]} is not supported: multiples of 8 are");

    private void Place(long alignment, long headEnd)
    {
        var start = (headEnd + alignment - 1) / alignment * alignment;
        foreach (var (name, tensor) in _tensors.ToArray())
        {
            var bytes = tensor.Bytes(tensor.Count);
            if (tensor.Begin % alignment != 0 || tensor.Begin > _file.Length - start || bytes > _file.Length - start - tensor.Begin)
                throw Fault(tensor, $"offset {tensor.Begin} and {bytes} bytes do not lie, aligned to {alignment}, in the {Math.Max(0, _file.Length - start)} bytes of data");
            _tensors[name] = tensor with { Begin = start + tensor.Begin };
        }
    }
}
