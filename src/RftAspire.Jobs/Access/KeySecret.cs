using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace RftAspire.Jobs.Access;

/// <summary>The secret of an API key, and what is kept of it.</summary>
public static partial class KeySecret
{
    private const string Prefix = "sk-rft-";
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    // 43 of 62 letters are 256 bits.
    private const int Letters = 43;
    private const int IdDigits = 24;
    private const int HintLength = 4;

    public static string New() => Prefix + RandomNumberGenerator.GetString(Alphabet, Letters);

    public static bool IsWellFormed(string secret) => Form().IsMatch(secret);

    public static string Digest(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>The id follows from the digest, so that a key is found by one read, whether it exists or not.</summary>
    public static string Id(string digest) => "key-" + digest[..IdDigits];

    public static string Hint(string secret) => secret[^HintLength..];

    [GeneratedRegex("^sk-rft-[0-9A-Za-z]{43,128}$")]
    private static partial Regex Form();
}
