using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using RftAspire.Contracts.Judge.V1;

namespace RftAspire.Judge.Prompts;

/// <summary>SHA-256 of what decides a judgement, in hexadecimal: the request without the job that pays for it.</summary>
internal static class RequestDigest
{
    public static string Of(ScoreRequest request) => Of("score", request.Clone(), copy => copy.Question);

    public static string Of(LabelRequest request) => Of("label", request.Clone(), copy => copy.Question);

    public static string Of(CompareRequest request) => Of("compare", request.Clone(), copy => copy.Question);

    /// <summary>The digest of several texts, as one.</summary>
    public static string Of(params IEnumerable<string> texts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(texts.Select(text => $"{text.Length}:{text}")))));

    private static string Of<T>(string kind, T copy, Func<T, Question> question) where T : IMessage
    {
        (question(copy).JobId, question(copy).Fresh) = ("", false);
        return Convert.ToHexStringLower(SHA256.HashData([.. Encoding.ASCII.GetBytes(kind), .. copy.ToByteArray()]));
    }
}
