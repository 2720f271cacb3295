using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Grpc.Core;
using MassTransit;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Models;

namespace RftAspire.Jobs.Chat;

/// <summary>
/// Complete: whichever Sampling worker is free draws the tokens, beside the prompt groups of running jobs. The client's connection is
/// what is durable: while it stands, a request that a dead worker had is asked for again, and the answer goes on where it was.
/// </summary>
public sealed partial class CompleteChat(
    ServedModels models, CompletionInbox inbox, IBus bus, IOptions<ChatOptions> options, TimeProvider clock, ILogger<CompleteChat> logger)
{
    private static readonly TimeSpan s_broker = TimeSpan.FromSeconds(10);
    private readonly ChatOptions _options = options.Value;

    /// <summary>The choices' parts as they are drawn, last the usage.</summary>
    public async IAsyncEnumerable<CompleteResponse> RunAsync(Caller caller, CompleteRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        var id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var format = CompletionFields.Check(request);
        var weights = await Faults.Serve(() => models.WeightsAsync(caller, request.Model));
        var address = inbox.AddressAsync();
        await BrokerAsync(address, cancellation);
        var command = CompletionFields.ToCommand(request, format, id, weights, await address, clock.GetUtcNow() + _options.Deadline);
        var feed = new CompletionFeed(command.Choices);
        using var deadline = new CancellationTokenSource(_options.Deadline);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        inbox.Open(id, feed);
        var (outcome, first) = ("left", 0L);
        try
        {
            await SendAsync(command, cancellation);
            while (await NextAsync(feed, command, start, deadline.Token, leaving.Token))
            {
                while (feed.Deltas.TryRead(out var delta))
                {
                    if (first == 0) ChatMetrics.FirstToken(Stopwatch.GetElapsedTime(start, first = Stopwatch.GetTimestamp()));
                    yield return new CompleteResponse { Delta = delta };
                }
            }
            outcome = "answered";
            ChatMetrics.Answered(feed.Usage, Stopwatch.GetElapsedTime(first));
            yield return new CompleteResponse { Usage = feed.Usage };
        }
        finally
        {
            inbox.Close(id);
            if (feed.Deltas.Completion.IsFaulted) outcome = "refused";
            if (!feed.Deltas.Completion.IsCompleted) await CancelAsync(id);
            ChatMetrics.Ended(outcome, Stopwatch.GetElapsedTime(start));
        }
    }

    /// <summary>Waits for news; false at the end. Silence has the command sent again, to be taken up by the same or another worker.</summary>
    private async Task<bool> NextAsync(CompletionFeed feed, CompletePrompt command, long start, CancellationToken deadline, CancellationToken leaving)
    {
        var news = feed.Deltas.WaitToReadAsync(leaving).AsTask();
        try
        {
            while (!await IsInTimeAsync(news))
            {
                if (!feed.HasBeenHeard && Stopwatch.GetElapsedTime(start) >= _options.Patience)
                    throw Faults.Unavailable($"no Sampling worker has taken the request within {_options.Patience} (Jobs:Chat:Patience); try again, or start more workers");
                if (!feed.IsSilent(_options.Silence)) continue;
                LogSilent(command.RequestId);
                await SendAsync(command, leaving);
            }
            return await news;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"the answer was not complete within {_options.Deadline} (Jobs:Chat:Deadline); ask for fewer tokens"));
        }
    }

    private async Task<bool> IsInTimeAsync(Task news)
    {
        await news.WaitAsync(_options.Silence, clock, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return news.IsCompleted;
    }

    private Task SendAsync(CompletePrompt command, CancellationToken cancellation) => BrokerAsync(bus.Publish(command, cancellation), cancellation);

    private static async Task BrokerAsync(Task answer, CancellationToken cancellation)
    {
        try
        {
            await answer.WaitAsync(s_broker, cancellation);
        }
        catch (Exception error) when (error is TimeoutException or MassTransitException)
        {
            throw Faults.Unavailable("the message broker (RabbitMQ, ConnectionStrings:messaging) does not answer; try again");
        }
    }

    private async Task CancelAsync(string requestId)
    {
        try
        {
            await bus.Publish(new CancelCompletion(requestId)).WaitAsync(s_broker);
        }
        catch (Exception error) when (error is TimeoutException or MassTransitException)
        {
            LogNotCancelled(requestId, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "nothing is heard of request {RequestId}; sending its command again")]
    private partial void LogSilent(string requestId);

    [LoggerMessage(Level = LogLevel.Information, Message = "workers could not be told that nobody waits for request {RequestId}: {Reason}")]
    private partial void LogNotCancelled(string requestId, string reason);
}
