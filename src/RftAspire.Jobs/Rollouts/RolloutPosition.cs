using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Rollouts;

/// <summary>The rollout that a page begins with.</summary>
/// <param name="Step">Its step.</param>
/// <param name="Offset">Where its group begins in the step's file.</param>
/// <param name="Place">Its place in the group.</param>
internal readonly record struct RolloutPosition(int Step, long Offset, int Place)
{
    private const int DigestLength = 16;

    /// <summary>The position as a page token, which serves this query alone.</summary>
    public string ToToken(ListRolloutsRequest request) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{Step}.{Offset}.{Place}.{Digest(request)}")));

    /// <summary>The position of the request's token; null without one.</summary>
    public static RolloutPosition? Of(ListRolloutsRequest request) => request.PageToken.Length == 0 ? null : Parse(request) ?? throw Unknown();

    public static Grpc.Core.RpcException Unknown() =>
        Faults.Invalid("page_token", "is none of this query; give the next_page_token of the page before, with the same fields");

    private static RolloutPosition? Parse(ListRolloutsRequest request)
    {
        if (!Base64Url.IsValid(request.PageToken)) return null;
        var text = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(request.PageToken));
        if (text.Split('.') is not [var step, var offset, var place, var digest] || digest != Digest(request)) return null;
        return int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var s)
            && long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var o)
            && int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out var p) ? new RolloutPosition(s, o, p) : null;
    }

    private static string Digest(ListRolloutsRequest request)
    {
        var query = request.Clone();
        (query.PageToken, query.PageSize) = ("", 0);
        return Convert.ToHexStringLower(SHA256.HashData(query.ToByteArray()))[..DigestLength];
    }
}
