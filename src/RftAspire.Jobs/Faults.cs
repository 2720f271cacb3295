using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using StackExchange.Redis;
using Status = Grpc.Core.Status;

namespace RftAspire.Jobs;

/// <summary>What is wrong with one field of a request, and how to mend it.</summary>
public sealed record Violation(string Field, string Description);

/// <summary>The answers to requests that cannot be served.</summary>
public static class Faults
{
    private const string DetailsTrailer = "grpc-status-details-bin";

    // All of an answer's faults must fit into trailers, and clients bound those to a few kilobytes.
    private const int LongestDescription = 300;

    /// <summary>A caller's mistake: all faulty fields, as text and as google.rpc.BadRequest.</summary>
    public static RpcException Invalid(params IEnumerable<Violation> faults)
    {
        var violations = faults.Select(fault => fault with { Description = Shorten(fault.Description) }).ToList();
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

    public static RpcException Invalid(string field, string description) => Invalid(new Violation(field, description));

    private static string Shorten(string text) =>
        text.Length <= LongestDescription ? text : text[..(LongestDescription - 1)].TrimEnd() + "…";

    // A malformed id gets the same answer as an unknown one: ids have no form that a caller should rely on.
    public static RpcException NoSuchJob(string id) =>
        new(new Status(StatusCode.NotFound, $"there is no job '{id}'; list the jobs to see which exist"));

    public static RpcException Unavailable(string message) => new(new Status(StatusCode.Unavailable, message));

    /// <summary>Runs a call and turns an absent Redis into an answer that a client knows to try again.</summary>
    public static async Task<T> Serve<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception error) when (error is RedisConnectionException or TimeoutException)
        {
            throw Unavailable("the job store (Redis, ConnectionStrings:redis) does not answer; try again");
        }
    }
}
