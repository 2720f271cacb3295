using System.Runtime.CompilerServices;
using Grpc.Core;
using Polly;
using Polly.Retry;

namespace RftAspire.Client;

/// <summary>What every call has: the key, a deadline, more tries where they are harmless, and errors of their own class.</summary>
internal sealed class CallPolicy
{
    private readonly Metadata _headers = [];
    private readonly ResiliencePipeline _retries;

    public CallPolicy(string? apiKey, RftClientOptions options)
    {
        Options = options;
        if (apiKey is not null) _headers.Add("authorization", $"Bearer {apiKey}");
        _retries = options.MaxRetries == 0 ? ResiliencePipeline.Empty : new ResiliencePipelineBuilder().AddRetry(Retries(options)).Build();
    }

    public RftClientOptions Options { get; }

    /// <summary>A call with one answer that may be made again: it reads, or its effect has a key.</summary>
    public async Task<T> AskAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellation)
    {
        var options = Call(Options.Timeout, cancellation);
        return await _retries.ExecuteAsync(async _ => await OnceAsync(async () => await call(options)), cancellation);
    }

    /// <summary>A call that is made once.</summary>
    public static async Task<T> OnceAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RpcException error) when (error.StatusCode != StatusCode.Cancelled)
        {
            throw RftException.Of(error);
        }
    }

    /// <summary>The responses of a stream; a stream that breaks off does so with an error of its class.</summary>
    public async IAsyncEnumerable<T> StreamAsync<T>(
        Func<CallOptions, AsyncServerStreamingCall<T>> open, TimeSpan? timeout, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var call = open(Call(timeout, cancellation));
        while (await OnceAsync(() => call.ResponseStream.MoveNext(cancellation))) yield return call.ResponseStream.Current;
    }

    public CallOptions Call(TimeSpan? timeout, CancellationToken cancellation) =>
        new(_headers, timeout is { } time ? DateTime.UtcNow + time : null, cancellation);

    private static RetryStrategyOptions Retries(RftClientOptions options) => new()
    {
        MaxRetryAttempts = options.MaxRetries,
        Delay = options.RetryDelay,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = new PredicateBuilder().Handle<UnavailableException>(error => error.StatusCode == StatusCode.Unavailable)
            .Handle<LimitReachedException>(error => error.RetryAfter is not null),
        DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as LimitReachedException)?.RetryAfter),
    };
}
