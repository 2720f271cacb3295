using System.Security.Cryptography;

namespace RftAspire.Jobs.Files;

/// <summary>A file on its way: its bytes lie in the staging folder and are gone when it is disposed, unless they were moved.</summary>
public sealed class IncomingFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <param name="root">The artifact store's root.</param>
    /// <param name="path">The file, relative to it.</param>
    /// <param name="mostBytes">What it may have.</param>
    public IncomingFile(string root, string path, long mostBytes)
    {
        (StagedPath, FullPath, MostBytes) = (path, Path.Combine(root, path), mostBytes);
        _stream = new FileStream(FullPath, FileMode.CreateNew, FileAccess.Write);
    }

    /// <summary>Relative to the artifact store's root.</summary>
    public string StagedPath { get; }
    public string FullPath { get; }
    public long MostBytes { get; }
    public long Bytes { get; private set; }

    /// <summary>Appends bytes; false, with nothing written, where the file would become too large.</summary>
    public async Task<bool> AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        if (Bytes + bytes.Length > MostBytes) return false;
        await _stream.WriteAsync(bytes, cancellation);
        _digest.AppendData(bytes.Span);
        Bytes += bytes.Length;
        return true;
    }

    /// <summary>Appends all that a stream has left; false where that is too much.</summary>
    public async Task<bool> AppendAsync(Stream from, CancellationToken cancellation)
    {
        var buffer = new byte[128 << 10];
        while (await from.ReadAsync(buffer, cancellation) is > 0 and var read)
            if (!await AppendAsync(buffer.AsMemory(0, read), cancellation)) return false;
        return true;
    }

    /// <summary>Brings the bytes to disk and gives their sha256.</summary>
    public string Finish()
    {
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        return Convert.ToHexStringLower(_digest.GetHashAndReset());
    }

    public void Dispose()
    {
        _stream.Dispose();
        _digest.Dispose();
        File.Delete(FullPath);
    }
}
