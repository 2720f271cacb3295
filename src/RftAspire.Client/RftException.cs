using Google.Rpc;
using Grpc.Core;
using RftAspire.Contracts;

namespace RftAspire.Client;

/// <summary>A call that failed; the kinds of failure are the classes below.</summary>
public class RftException : Exception
{
    internal RftException(RpcException error, string? message = null) : base(message ?? error.Status.Detail, error) => StatusCode = error.StatusCode;

    /// <summary>The gRPC status.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>The class for a status. Everything that carries a google.rpc.Status is read from it.</summary>
    internal static RftException Of(RpcException error) => error.StatusCode switch
    {
        StatusCode.InvalidArgument or StatusCode.OutOfRange => new InvalidRequestException(error),
        StatusCode.NotFound => new NotFoundException(error),
        StatusCode.Unauthenticated => new UnauthenticatedException(error),
        StatusCode.PermissionDenied => new PermissionDeniedException(error),
        StatusCode.FailedPrecondition or StatusCode.AlreadyExists or StatusCode.Aborted => new WrongStateException(error),
        StatusCode.ResourceExhausted => new LimitReachedException(error),
        // CANCELLED that the caller did not ask for comes from a platform that stops.
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled => new UnavailableException(error),
        _ when UnavailableException.CauseOf(error) is not null => new UnavailableException(error),
        _ => new RftException(error),
    };

    internal static Google.Rpc.Status? Details(RpcException error) =>
        error.Trailers.FirstOrDefault(entry => entry.Key == InvalidRequest.DetailsTrailer)?.ValueBytes is { } bytes
            ? Google.Rpc.Status.Parser.ParseFrom(bytes)
            : null;
}

/// <summary>The request cannot be served as it is; the violations name every faulty field.</summary>
public sealed class InvalidRequestException : RftException
{
    internal InvalidRequestException(RpcException error) : base(error) => Violations =
    [
        .. (Details(error)?.Details ?? [])
            .Where(detail => detail.Is(BadRequest.Descriptor))
            .SelectMany(detail => detail.Unpack<BadRequest>().FieldViolations)
            .Select(violation => new Violation(violation.Field, violation.Description)),
    ];

    /// <summary>Field, value and fix of each fault.</summary>
    public IReadOnlyList<Violation> Violations { get; }
}

/// <summary>There is no such thing, or it is another tenant's.</summary>
public sealed class NotFoundException : RftException
{
    internal NotFoundException(RpcException error) : base(error) { }
}

/// <summary>There was no API key, or one that counts no more.</summary>
public sealed class UnauthenticatedException : RftException
{
    internal UnauthenticatedException(RpcException error) : base(error) { }
}

/// <summary>The key's role does not allow this.</summary>
public sealed class PermissionDeniedException : RftException
{
    internal PermissionDeniedException(RpcException error) : base(error) { }
}

/// <summary>The request is well formed but does not fit what it is about, as cancelling a job that has ended.</summary>
public sealed class WrongStateException : RftException
{
    internal WrongStateException(RpcException error) : base(error) { }
}

/// <summary>A limit of the tenant is reached.</summary>
public sealed class LimitReachedException : RftException
{
    internal LimitReachedException(RpcException error) : base(error) => RetryAfter =
        Details(error)?.Details.FirstOrDefault(detail => detail.Is(RetryInfo.Descriptor))?.Unpack<RetryInfo>().RetryDelay?.ToTimeSpan();

    /// <summary>The pause after which the same request may be served; null where waiting does not help.</summary>
    public TimeSpan? RetryAfter { get; }
}

/// <summary>The platform, or a part of it that the call needs, did not answer in time, or broke off.</summary>
public sealed class UnavailableException : RftException
{
    internal UnavailableException(RpcException error) : base(error, CauseOf(error) is { } cause ? $"the platform cannot be reached: {cause}" : null) =>
        (Cause, WasReached) = (CauseOf(error), CauseOf(error) is null && error.StatusCode == StatusCode.Unavailable);

    /// <summary>What happened to the connection; null where there was one.</summary>
    public string? Cause { get; }

    /// <summary>Whether the platform itself answered, to say that something behind it is away.</summary>
    public bool WasReached { get; }

    // Only failures of the client itself carry an exception; a platform that answers says in its own words what it lacks.
    internal static string? CauseOf(RpcException error)
    {
        for (var at = error.Status.DebugException; at is not null; at = at.InnerException)
            if (at is HttpRequestException or IOException) return at.GetBaseException().Message.Split('\n', 2)[0].Trim();
        return null;
    }
}
