using System.Security.Cryptography;
using System.Text;
using RftAspire.Contracts;

namespace RftAspire.Ingestion;

/// <summary>
/// The lines at which prompts were first seen, by a 128-bit digest of roles and text: exactly, and but for case and white
/// space.
/// </summary>
internal sealed class PromptDigests
{
    private readonly Dictionary<UInt128, int> _exact = [];
    private readonly Dictionary<UInt128, int> _near = [];

    /// <summary>Remembers a prompt, or returns the line that has it already.</summary>
    public int? Add(PromptMessage[] prompt, int line)
    {
        _near.TryAdd(Digest(prompt, Fold), line);
        var digest = Digest(prompt, text => text);
        if (_exact.TryGetValue(digest, out var first)) return first;
        _exact.Add(digest, line);
        return null;
    }

    public int? FindExact(PromptMessage[] prompt) => _exact.TryGetValue(Digest(prompt, text => text), out var line) ? line : null;

    public int? FindNear(PromptMessage[] prompt) => _near.TryGetValue(Digest(prompt, Fold), out var line) ? line : null;

    private static string Fold(string text) =>
        string.Concat(text.Where(letter => !char.IsWhiteSpace(letter))).ToLowerInvariant();

    private static UInt128 Digest(PromptMessage[] prompt, Func<string, string> map)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        foreach (var message in prompt)
        {
            // Length-prefixed, so no two prompts write the same bytes.
            writer.Write(message.Role);
            writer.Write(map(message.Content));
        }
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
    }
}
