using System.IO.MemoryMappedFiles;

namespace RftAspire.Engine.Checkpoints;

/// <summary>A file's bytes in the address space, read only: what nobody asks for is never read from disk nor held by the process.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly MemoryMappedFile? _mapping;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _start;

    /// <exception cref="CheckpointException">The file cannot be opened.</exception>
    public MappedFile(string path)
    {
        Path = path;
        try
        {
            _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            Length = _stream.Length;
            // An empty file cannot be mapped.
            if (Length == 0) return;
            _mapping = MemoryMappedFile.CreateFromFile(_stream, null, Length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            _view = _mapping.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        }
        catch (Exception fault)
        {
            Dispose();
            if (fault is IOException or UnauthorizedAccessException) throw new CheckpointException(path, $"cannot be read: {fault.Message}", fault);
            throw;
        }
    }

    public string Path { get; }

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>The bytes [begin, begin + length) as elements; they need not be aligned.</summary>
    public ReadOnlySpan<T> Span<T>(long begin, int length) where T : unmanaged
    {
        if (begin < 0 || begin > Length || (long)length * sizeof(T) > Length - begin) throw new ArgumentOutOfRangeException(nameof(begin), begin, $"{length} elements exceed {Path}");
        return new ReadOnlySpan<T>(_start + begin, length);
    }

    /// <summary>Where a tensor's bytes are. A file cut short under the mapping would end the process at the first missing page.</summary>
    public byte* Tensor(string name, long begin)
    {
        if (_stream.Length >= Length) return _start + begin;
        throw new CheckpointException(Path, name, begin, $"cannot be read: the file was cut from {Length} to {_stream.Length} bytes while open");
    }

    public void Dispose()
    {
        if (_start != null) _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _mapping?.Dispose();
        _stream?.Dispose();
    }
}
