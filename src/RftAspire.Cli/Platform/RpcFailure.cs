using Google.Rpc;
using Grpc.Core;

namespace RftAspire.Cli.Platform;

/// <summary>Words a gRPC error: the status's message, and the fields that a google.rpc.BadRequest in its trailers names.</summary>
public static class RpcFailure
{
    private const string DetailsTrailer = "grpc-status-details-bin";
    private const string HowToStart = "start it with ./run.sh or dotnet run --project RftAspire.AppHost, or name another with --server";

    public static Failure Of(RpcException e, string server) => e.StatusCode switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded => Unreachable(e, server),
        StatusCode.Unauthenticated => new(
            ExitCode.Usage,
            $"the platform at {server} refuses this call: {e.Status.Detail}",
            [$"rft sends {PlatformKey.Variable}; without it, and to a platform on this machine alone, the key in .rft/dev-key of this folder or one above it"]),
        StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.AlreadyExists or StatusCode.FailedPrecondition
            or StatusCode.OutOfRange or StatusCode.ResourceExhausted or StatusCode.PermissionDenied
            => Refusal(e),
        _ => new(ExitCode.Failed, $"the platform at {server} answered {e.StatusCode}: {e.Status.Detail}", Violations(e)),
    };

    private static Failure Unreachable(RpcException e, string server) => e switch
    {
        { StatusCode: StatusCode.DeadlineExceeded } => new(ExitCode.Unreachable, $"the platform at {server} gave no answer in time; {HowToStart}", []),
        // Only the client's own failures carry an exception; a platform that answers says itself what it lacks.
        { Status.DebugException: null } => new(ExitCode.Unreachable, $"the platform at {server} cannot serve this now: {e.Status.Detail}", []),
        _ => new(ExitCode.Unreachable, $"cannot reach the platform at {server} ({Cause(e)}); {HowToStart}", []),
    };

    private static string Cause(RpcException e) => e.Status.DebugException!.GetBaseException().Message.Split('\n', 2)[0].Trim();

    // A server may word the violations in its status message too; they are told once.
    private static Failure Refusal(RpcException e)
    {
        var violations = Violations(e);
        var isRepeated = violations.Any(violation => e.Status.Detail.Contains(violation, StringComparison.Ordinal));
        if (!isRepeated) return new(ExitCode.Usage, e.Status.Detail, violations);
        return violations.Length == 1
            ? new(ExitCode.Usage, violations[0], [])
            : new(ExitCode.Usage, "the platform refuses the request:", violations);
    }

    private static string[] Violations(RpcException e)
    {
        var details = e.Trailers.FirstOrDefault(entry => entry.Key == DetailsTrailer)?.ValueBytes;
        if (details is null) return [];
        return [.. Google.Rpc.Status.Parser.ParseFrom(details).Details
            .Where(any => any.Is(BadRequest.Descriptor))
            .SelectMany(any => any.Unpack<BadRequest>().FieldViolations)
            .Select(violation => $"{violation.Field}: {violation.Description}")];
    }
}
