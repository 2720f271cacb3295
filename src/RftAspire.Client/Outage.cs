using System.Diagnostics;

namespace RftAspire.Client;

/// <summary>A stream that broke off and is about to be taken up again.</summary>
/// <param name="Cause">Why it broke off.</param>
/// <param name="Attempt">Which attempt of this outage comes next, from 1.</param>
/// <param name="Pause">How long until then.</param>
public sealed record Reconnection(UnavailableException Cause, int Attempt, TimeSpan Pause);

/// <summary>Follows a stream through outages of its platform, and gives up on one that is too long.</summary>
internal sealed class Outage(RftClientOptions options)
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);
    // No attempt to connect takes so long: a stream that broke off after it was only silent, and the outage is a new one.
    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(1);
    private TimeSpan _pause;
    private bool _wasThere;
    private int _attempts;
    private long _since;

    /// <summary>Why the stream broke off; null when it ended.</summary>
    public UnavailableException? Cause { get; private set; }

    /// <summary>Whether the stream goes on. One that was never there breaks off with its error.</summary>
    public async Task<bool> NextAsync<T>(IAsyncEnumerator<T> stream)
    {
        var asked = Stopwatch.GetTimestamp();
        try
        {
            var goesOn = await stream.MoveNextAsync();
            (Cause, _wasThere, _attempts) = (null, true, 0);
            return goesOn;
        }
        catch (UnavailableException error) when (_wasThere)
        {
            if (Stopwatch.GetElapsedTime(asked) > s_silence) _attempts = 0;
            Cause = error;
            return false;
        }
    }

    /// <summary>The next attempt; throws the cause when the platform has been away for too long.</summary>
    public Reconnection Next()
    {
        if (_attempts++ == 0) (_since, _pause) = (Stopwatch.GetTimestamp(), options.RetryDelay);
        else _pause = _pause * 2 < s_longestPause ? _pause * 2 : s_longestPause;
        return Stopwatch.GetElapsedTime(_since) <= options.WatchPatience ? new(Cause!, _attempts, _pause) : throw Cause!;
    }
}
