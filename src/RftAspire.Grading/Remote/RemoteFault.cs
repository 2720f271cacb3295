namespace RftAspire.Grading.Remote;

/// <summary>A failed attempt that may go well another time.</summary>
/// <param name="kind">Kind of the rollout that stays ungraded if it does not.</param>
/// <param name="message">The cause, without secrets.</param>
internal sealed class RemoteFault(string kind, string message, Exception? cause = null) : Exception(message, cause)
{
    public const string Unavailable = "endpoint_unavailable";
    public const string TimedOut = "endpoint_timeout";
    public const string Rejected = "endpoint_rejected";
    public const string Result = "endpoint_result";

    public string Kind { get; } = kind;

    /// <summary>The service is away, which no answer is to blame for.</summary>
    public bool IsAway { get; init; }

    /// <summary>The service is there and asks for patience.</summary>
    public bool IsBusy { get; init; }

    /// <summary>When to try again, where the service says so.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public GradeResult.Ungraded ToResult() => new(Kind, Message);
}
