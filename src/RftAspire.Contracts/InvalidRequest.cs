using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Status = Grpc.Core.Status;

namespace RftAspire.Contracts;

/// <summary>What is wrong with one field of a request, and how to mend it.</summary>
/// <param name="Field">The field, as in the <c>.proto</c> file.</param>
/// <param name="Description">The value and the fix; its first 300 characters are told.</param>
public sealed record Violation(string Field, string Description);

/// <summary>The answer to a caller's mistake.</summary>
public static class InvalidRequest
{
    /// <summary>The trailer that carries google.rpc.Status.</summary>
    public const string DetailsTrailer = "grpc-status-details-bin";

    // All of an answer's faults must fit into trailers, and clients bound those to a few kilobytes.
    private const int LongestDescription = 300;
    private const int LongestField = 100;
    private const int Longest = 3000;

    /// <summary>INVALID_ARGUMENT with all faulty fields, as text and as google.rpc.BadRequest.</summary>
    public static RpcException Of(params IEnumerable<Violation> faults)
    {
        var violations = Fitting([.. faults.Select(fault => new Violation(Shorten(fault.Field, LongestField), Shorten(fault.Description, LongestDescription)))]);
        var message = string.Join("; ", violations.Select(violation => $"{violation.Field}: {violation.Description}"));
        var request = new BadRequest
        {
            FieldViolations =
            {
                violations.Select(violation =>
                    new BadRequest.Types.FieldViolation { Field = violation.Field, Description = violation.Description }),
            },
        };
        var details = new Google.Rpc.Status
        {
            Code = (int)StatusCode.InvalidArgument,
            Message = message,
            Details = { Any.Pack(request) },
        };
        return new RpcException(
            new Status(StatusCode.InvalidArgument, message),
            new Metadata { { DetailsTrailer, details.ToByteArray() } });
    }

    /// <summary>The same for one field.</summary>
    public static RpcException Of(string field, string description) => Of(new Violation(field, description));

    /// <summary>The faulty fields that an answer carries; none where it has no such details.</summary>
    public static IReadOnlyList<Violation> Read(RpcException error)
    {
        if (error.Trailers.GetValueBytes(DetailsTrailer) is not { } bytes) return [];
        var details = Google.Rpc.Status.Parser.ParseFrom(bytes).Details.FirstOrDefault(detail => detail.Is(BadRequest.Descriptor));
        return [.. details?.Unpack<BadRequest>().FieldViolations.Select(fault => new Violation(fault.Field, fault.Description)) ?? []];
    }

    private static List<Violation> Fitting(List<Violation> faults)
    {
        var length = 0;
        var shown = faults.TakeWhile(fault => (length += fault.Field.Length + fault.Description.Length) <= Longest).ToList();
        if (faults.Count > shown.Count) shown.Add(new Violation(faults[shown.Count].Field, $"and {faults.Count - shown.Count} more faults"));
        return shown;
    }

    private static string Shorten(string text, int length) => text.Length <= length ? text : text[..(length - 1)].TrimEnd() + "…";
}
