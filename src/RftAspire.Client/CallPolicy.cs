using System.Runtime.CompilerServices;
using Grpc.Core;
using Polly;

namespace RftAspire.Client;

/// <summary>What every call has: the key, a deadline, more tries where they are harmless, and errors of their own class.</summary>
internal sealed class CallPolicy
{
    private static readonly ResiliencePropertyKey<DateTime> s_deadline = new("deadline");
    private readonly Metadata _headers = [];
    private readonly ResiliencePipeline _again;
    private readonly ResiliencePipeline _oncePassed;

    public CallPolicy(string? apiKey, RftClientOptions options)
    {
        Options = options;
        if (apiKey is not null) _headers.Add("authorization", $"Bearer {apiKey}");
        _again = Retries(options, error => error is UnavailableException { StatusCode: not StatusCode.DeadlineExceeded });
        _oncePassed = Retries(options, _ => false);
    }

    public RftClientOptions Options { get; }

    /// <summary>A call that may be made again: it reads, or its effect has a key.</summary>
    public Task<T> AskAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken, TimeSpan? timeout = null) =>
        RunAsync(_again, timeout ?? Options.Timeout, async options => await call(options), cancellationToken);

    /// <summary>A call that does away with something: where a try before may have done it, its absence is what was asked for.</summary>
    public async Task DeleteAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken)
    {
        var tries = 0;
        try
        {
            await AskAsync(Try, cancellationToken);
        }
        catch (NotFoundException) when (tries > 1)
        {
        }

        AsyncUnaryCall<T> Try(CallOptions options)
        {
            tries++;
            return call(options);
        }
    }

    /// <summary>A call whose effect must not come twice: it is made again only where the platform has turned it away.</summary>
    public Task<T> TellAsync<T>(Func<CallOptions, Task<T>> call, CancellationToken cancellationToken, TimeSpan? timeout = null) =>
        RunAsync(_oncePassed, timeout ?? Options.Timeout, call, cancellationToken);

    /// <summary>The responses of a stream. It may be opened again until the first has come; what breaks off later is an error of its class.</summary>
    public async IAsyncEnumerable<T> StreamAsync<T>(
        Func<CallOptions, AsyncServerStreamingCall<T>> open, TimeSpan? timeout, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (call, goesOn) = await RunAsync(_again, timeout, options => OpenAsync(open(options), cancellationToken), cancellationToken);
        using (call)
        {
            while (goesOn)
            {
                yield return call.ResponseStream.Current;
                goesOn = await OrThrowAsync(() => call.ResponseStream.MoveNext(cancellationToken), cancellationToken);
            }
        }
    }

    public CallOptions Call(TimeSpan? timeout, CancellationToken cancellationToken) =>
        new(_headers, timeout is { } time ? DateTime.UtcNow + time : null, cancellationToken);

    /// <summary>One try, its failure as an exception of the client.</summary>
    public static async Task<T> OrThrowAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call();
        }
        catch (RpcException error) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The call was cancelled.", error, cancellationToken);
        }
        catch (RpcException error)
        {
            throw RftException.Of(error);
        }
    }

    private async Task<T> RunAsync<T>(ResiliencePipeline retries, TimeSpan? timeout, Func<CallOptions, Task<T>> call, CancellationToken cancellationToken)
    {
        // One deadline for all tries.
        var options = Call(timeout, cancellationToken);
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(s_deadline, options.Deadline ?? DateTime.MaxValue);
        try
        {
            return await retries.ExecuteAsync(async _ => await OrThrowAsync(() => call(options), cancellationToken), context);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static async Task<(AsyncServerStreamingCall<T> Call, bool HasFirst)> OpenAsync<T>(AsyncServerStreamingCall<T> call, CancellationToken cancellationToken)
    {
        try
        {
            return (call, await call.ResponseStream.MoveNext(cancellationToken));
        }
        catch
        {
            call.Dispose();
            throw;
        }
    }

    private static ResiliencePipeline Retries(RftClientOptions options, Func<Exception, bool> isHarmless) => options.MaxRetries == 0 ? ResiliencePipeline.Empty : new ResiliencePipelineBuilder().AddRetry(new()
    {
        MaxRetryAttempts = options.MaxRetries,
        Delay = options.RetryDelay,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is { } error && (HasTime(error, arguments.Context) || isHarmless(error))),
        DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as LimitReachedException)?.RetryAfter),
    }).Build();

    /// <summary>Whether the platform asks to wait, and the wait ends before the deadline does.</summary>
    private static bool HasTime(Exception error, ResilienceContext context) =>
        error is LimitReachedException { RetryAfter: { } pause } && DateTime.UtcNow + pause < context.Properties.GetValue(s_deadline, DateTime.MaxValue);
}
