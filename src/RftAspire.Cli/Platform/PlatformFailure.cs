using Grpc.Core;
using RftAspire.Client;

namespace RftAspire.Cli.Platform;

/// <summary>Words what the platform answered to a call that failed.</summary>
public static class PlatformFailure
{
    private const string HowToStart = "start it with ./run.sh or dotnet run --project RftAspire.AppHost, or name another with --server";

    public static Failure Of(RftException e, string server) => e switch
    {
        UnavailableException { StatusCode: StatusCode.DeadlineExceeded } => new(ExitCode.Unreachable, $"the platform at {server} gave no answer in time; {HowToStart}", []),
        UnavailableException { WasReached: true } => new(ExitCode.Unreachable, $"the platform at {server} cannot serve this now: {e.Message}", []),
        UnavailableException { Cause: { } cause } when cause.Contains("HTTP_1_1_REQUIRED", StringComparison.Ordinal) =>
            new(ExitCode.Unreachable, $"{server} speaks HTTP/1.1, as the platform's REST port does; name its gRPC port with --server, 7081 unless it was given another", []),
        UnavailableException lost => new(ExitCode.Unreachable, $"cannot reach the platform at {server} ({lost.Cause ?? lost.Message}); {HowToStart}", []),
        UnauthenticatedException => new(
            ExitCode.Usage,
            $"the platform at {server} refuses this call: {e.Message}",
            [$"rft sends {PlatformKey.Variable}; without it, and to a platform on this machine alone, the key in .rft/dev-key of this folder or one above it"]),
        InvalidRequestException invalid => Refusal(invalid),
        NotFoundException or WrongStateException or LimitReachedException or PermissionDeniedException => new(ExitCode.Usage, e.Message, []),
        _ => new(ExitCode.Failed, $"the platform at {server} answered {e.StatusCode}: {e.Message}", []),
    };

    // A server may word the violations in its status message too; they are told once.
    private static Failure Refusal(InvalidRequestException e)
    {
        string[] violations = [.. e.Violations.Select(violation => $"{violation.Field}: {violation.Description}")];
        var isRepeated = violations.Any(violation => e.Message.Contains(violation, StringComparison.Ordinal));
        if (!isRepeated) return new(ExitCode.Usage, e.Message, violations);
        return violations.Length == 1
            ? new(ExitCode.Usage, violations[0], [])
            : new(ExitCode.Usage, "the platform refuses the request:", violations);
    }
}
