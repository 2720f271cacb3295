namespace RftAspire.Client;

/// <summary>How a client calls.</summary>
public sealed record RftClientOptions
{
    /// <summary>How long a call that is answered at once may take, all its tries together.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an upload or download may take.</summary>
    public TimeSpan TransferTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a call may take that the platform has to work for: a model's answer, a grader's reward, a search through rollouts.</summary>
    public TimeSpan WorkTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a watch waits for a platform that went away in its midst.</summary>
    public TimeSpan WatchPatience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Tries after the first, where the platform was not there or asked to wait; each after a longer pause.</summary>
    public int MaxRetries { get; init; } = 3;

    /// <summary>The pause before the first retry; it doubles, with jitter. A pause that the platform asks for counts instead.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Sends the requests, and is not disposed of; without one the client makes its own.</summary>
    public HttpMessageHandler? HttpHandler { get; init; }
}
