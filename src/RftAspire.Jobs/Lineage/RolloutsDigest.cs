using System.Security.Cryptography;

namespace RftAspire.Jobs.Lineage;

/// <summary>What a step learned from, in short.</summary>
internal static class RolloutsDigest
{
    private const int Piece = 1 << 16;

    /// <summary>sha256 of the file in lower-case hex, and its lines; empty and 0 where there is no file.</summary>
    public static async Task<(string Digest, int Lines)> OfAsync(string path, CancellationToken cancellation)
    {
        if (!File.Exists(path)) return ("", 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = File.OpenRead(path);
        var piece = new byte[Piece];
        var lines = 0;
        for (int read; (read = await file.ReadAsync(piece, cancellation)) > 0;)
        {
            hash.AppendData(piece, 0, read);
            lines += piece.AsSpan(0, read).Count((byte)'\n');
        }
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), lines);
    }
}
