using System.ClientModel;
using System.Globalization;
using System.Text.RegularExpressions;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using RftAspire.Contracts;
using RftAspire.Judge.Answers;

namespace RftAspire.Judge;

/// <summary>
/// The way to one endpoint, with all that makes it reliable: tries with growing pauses, deadlines for one and for all of them, and a
/// breaker that leaves a failing endpoint alone for a while. Half an answer counts as none and is asked for again.
/// </summary>
internal sealed partial class EndpointLine : IDisposable
{
    private readonly EndpointAddress _address;
    private readonly JudgeOptions _options;
    private readonly ResiliencePipeline _pipeline;

    public EndpointLine(EndpointAddress address, JudgeOptions options)
    {
        (_address, _options, _pipeline) = (address, options, Pipeline(options));
        var sockets = new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
        Http = new HttpClient(new WholeAnswers(options.MaxAnswerBytes) { InnerHandler = sockets }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public HttpClient Http { get; }

    /// <exception cref="JudgeException">No try brought an answer.</exception>
    public async Task<Answer> CallAsync(Func<CancellationToken, Task<Answer>> attempt, CancellationToken cancellation)
    {
        Exception? last = null;
        try
        {
            return await _pipeline.ExecuteAsync(async token =>
            {
                try
                {
                    return await attempt(token);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    last = error;
                    throw;
                }
            }, cancellation);
        }
        catch (Exception error) when (error is TimeoutRejectedException or BrokenCircuitException or ClientResultException or HttpRequestException or IOException)
        {
            throw Fault(error, last);
        }
    }

    public void Dispose() => Http.Dispose();

    private static ResiliencePipeline Pipeline(JudgeOptions options)
    {
        var pipeline = new ResiliencePipelineBuilder().AddTimeout(options.Deadline);
        if (options.Attempts > 1) pipeline.AddRetry(Retries(options));
        return pipeline.AddCircuitBreaker(Breaker(options)).AddTimeout(options.AttemptDeadline).Build();
    }

    private static RetryStrategyOptions Retries(JudgeOptions options) => new()
    {
        MaxRetryAttempts = options.Attempts - 1,
        Delay = options.RetryDelay,
        MaxDelay = options.MaxRetryDelay,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is BrokenCircuitException or TimeoutRejectedException || IsTransient(args.Outcome.Exception)),
        DelayGenerator = args => ValueTask.FromResult(Wish(args.Outcome.Exception) is { } wish ? Shorter(wish, options.MaxRetryDelay) : (TimeSpan?)null),
    };

    private static CircuitBreakerStrategyOptions Breaker(JudgeOptions options) => new()
    {
        FailureRatio = 0.8,
        MinimumThroughput = options.BreakAfter,
        SamplingDuration = TimeSpan.FromSeconds(30),
        BreakDuration = options.BreakDuration,
        // An endpoint that says "too many" or "later" is alive.
        ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is TimeoutRejectedException
            || (IsTransient(args.Outcome.Exception) && Status(args.Outcome.Exception) is not (408 or 409 or 429))),
    };

    private static bool IsTransient(Exception? error) => error is HttpRequestException or IOException
        || Status(error) is 0 or 408 or 409 or 429 or >= 500;

    /// <summary>0 where the connection broke, null where it is no failure of the endpoint.</summary>
    private static int? Status(Exception? error) => (error as ClientResultException)?.Status;

    /// <summary>How long the endpoint, or the breaker before it, wants to be left alone.</summary>
    private static TimeSpan? Wish(Exception? error)
    {
        if (error is BrokenCircuitException { RetryAfter: { } pause }) return pause;
        if (error is not ClientResultException failure || failure.GetRawResponse()?.Headers.TryGetValue("Retry-After", out var text) is not true) return null;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < 1e6) return TimeSpan.FromSeconds(seconds);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var date) && date - DateTimeOffset.UtcNow is { Ticks: > 0 } rest ? rest : null;
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private JudgeException Fault(Exception error, Exception? last)
    {
        // When time is up, what the tries before it met says more than that it is up.
        var cause = error is TimeoutRejectedException && last is not null ? last : error;
        var kind = cause switch
        {
            TimeoutRejectedException => JudgeFailureKind.Timeout,
            _ when IsHalfAnswer(cause) => JudgeFailureKind.Unreadable,
            ClientResultException when !IsTransient(cause) => JudgeFailureKind.Rejected,
            _ => JudgeFailureKind.Unavailable,
        };
        return new JudgeException(kind, $"{_address.Endpoint}: {Masked(Reason(cause))}");
    }

    private static bool IsHalfAnswer(Exception? error) => error is HalfAnswerException || (error is not null && IsHalfAnswer(error.InnerException));

    private string Reason(Exception cause) => cause switch
    {
        TimeoutRejectedException => $"no answer within {_options.AttemptDeadline} a try and {_options.Deadline} in all (Judge:AttemptDeadline, Judge:Deadline)",
        BrokenCircuitException => $"failed so often that it is left alone for {_options.BreakDuration} (Judge:BreakDuration)",
        ClientResultException { Status: 401 or 403 } failure => $"refuses the key ({failure.Status}); see its ApiKey under Judge",
        ClientResultException { Status: > 0 } failure => $"answered {failure.Status}: {Excerpt.Of(failure.GetRawResponse()?.Content.ToString() ?? "", 300)}",
        _ => Excerpt.Of((cause.InnerException ?? cause).Message, 300),
    };

    /// <summary>Endpoints repeat keys in what they say about them.</summary>
    private string Masked(string text) =>
        KeyLike().Replace(_address.ApiKey is { Length: > 0 } key ? text.Replace(key, "***", StringComparison.Ordinal) : text, "***");

    [GeneratedRegex(@"(?:\bsk-|\brft_|\bBearer\s+)[\w.*-]+", RegexOptions.IgnoreCase)]
    private static partial Regex KeyLike();

    /// <summary>Reads an answer to its end before anybody looks at it, up to a size.</summary>
    private sealed class WholeAnswers(int maxBytes) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            try
            {
                await response.Content.LoadIntoBufferAsync(maxBytes, cancellationToken);
                return response;
            }
            catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
            {
                response.Dispose();
                throw new JudgeException(JudgeFailureKind.Unreadable, $"the judge's answer is longer than {maxBytes} bytes (Judge:MaxAnswerBytes)", error);
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                response.Dispose();
                throw new HalfAnswerException(error);
            }
        }
    }

    private sealed class HalfAnswerException(Exception cause) : HttpRequestException("the answer broke off", cause);
}
