namespace RftAspire.Client;

/// <summary>How a client calls.</summary>
public sealed record RftClientOptions
{
    /// <summary>How long a call that is answered at once may take, all its tries together.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an upload or download may take.</summary>
    public TimeSpan TransferTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long an answer of a model may take.</summary>
    public TimeSpan ChatTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Tries after the first, where the platform was not there or asked to wait; each after a longer pause.</summary>
    public int MaxRetries { get; init; } = 3;

    /// <summary>The pause before the first retry; it doubles, with jitter. A pause that the platform asks for counts instead.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Sends the requests; without one the client makes its own.</summary>
    public HttpMessageHandler? HttpHandler { get; init; }
}
