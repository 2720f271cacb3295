using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading;

/// <summary>Names what is graded by its content, so that the same question has the same name.</summary>
internal static class GradeDigest
{
    /// <summary>sha256 of grader, its edition, row and answer, lower-case hex.</summary>
    public static string Of(GraderDefinition definition, string edition, GradeRequest request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Encoding.UTF8.GetBytes(definition.Digest));
        Append(hash, Encoding.UTF8.GetBytes(edition));
        Append(hash, Encoding.UTF8.GetBytes(request.Item.GetRawText()));
        Append(hash, [(byte)request.Sample.FinishReason]);
        // As UTF-16: half characters must not become alike.
        Append(hash, MemoryMarshal.AsBytes(request.Sample.Text.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A name for one question in the logs of a service, the same each time it is asked: 32 hexadecimal digits.</summary>
    public static string TraceId(GraderDefinition definition, GradeRequest request) => Of(definition, "", request)[..32];

    // With lengths, so that no two lists of parts are alike.
    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> part)
    {
        hash.AppendData(BitConverter.GetBytes((long)part.Length));
        hash.AppendData(part);
    }
}
