using System.Collections.Concurrent;
using System.Threading.Channels;
using MassTransit;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>
/// Asks the samplers for prompt groups and waits for the graded ones. Commands and answers may be lost or doubled: what stays
/// unanswered is asked for again, and a second answer is dropped, since it can only say the same.
/// </summary>
public sealed partial class RolloutExchange(IBus bus, IOptions<TrainingOptions> options, ILogger<RolloutExchange> logger)
{
    private static readonly TimeSpan PublishDeadline = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<GroupId, ChannelWriter<PromptGroupGraded>> _expected = new();

    /// <summary>Hands in an answer; one that nobody waits for is dropped.</summary>
    public void Receive(PromptGroupGraded group)
    {
        if (_expected.TryRemove(group.Id, out var waiting)) waiting.TryWrite(group);
    }

    /// <summary>Ends the wait of the step that a group belongs to: the ring has given the group up, so no answer will come.</summary>
    public void Fail(GroupId id, TrainingException cause)
    {
        if (_expected.TryRemove(id, out var waiting)) waiting.TryComplete(cause);
    }

    /// <summary>The graded groups, in the order of the commands.</summary>
    /// <exception cref="TrainingException">A group was given up, or none was answered within the step's deadline.</exception>
    public async Task<PromptGroupGraded[]> SampleAsync(IReadOnlyList<SamplePromptGroup> commands, CancellationToken cancellation)
    {
        var answers = Channel.CreateUnbounded<PromptGroupGraded>();
        foreach (var command in commands) _expected[command.Id] = answers.Writer;
        try
        {
            await PublishAsync(commands, cancellation);
            return await CollectAsync(commands, answers.Reader, cancellation);
        }
        finally
        {
            foreach (var command in commands) _expected.TryRemove(command.Id, out _);
        }
    }

    private async Task<PromptGroupGraded[]> CollectAsync(IReadOnlyList<SamplePromptGroup> commands, ChannelReader<PromptGroupGraded> answers, CancellationToken cancellation)
    {
        var received = new Dictionary<GroupId, PromptGroupGraded>();
        var lastAnswer = TimeProvider.System.GetTimestamp();
        while (received.Count < commands.Count)
        {
            if (await NextAsync(answers, cancellation) is { } group)
            {
                received[group.Id] = group;
                lastAnswer = TimeProvider.System.GetTimestamp();
                continue;
            }
            var missing = commands.Where(command => !received.ContainsKey(command.Id)).ToList();
            var silence = TimeProvider.System.GetElapsedTime(lastAnswer);
            if (silence > options.Value.StepDeadline)
                throw new TrainingException("rollouts_missing", $"{missing.Count} of {commands.Count} prompt groups were not answered for {silence.TotalMinutes:F0} minutes; are Sampling and Grading running?");
            LogMissing(missing.Count, commands.Count, missing[0].Id);
            await PublishAsync(missing, cancellation);
        }
        return [.. commands.Select(command => received[command.Id])];
    }

    /// <summary>The next answer, or null when none came within the deadline.</summary>
    private async Task<PromptGroupGraded?> NextAsync(ChannelReader<PromptGroupGraded> answers, CancellationToken cancellation)
    {
        // An answer that is there counts, even where this thread was kept waiting beyond the deadline.
        if (answers.TryRead(out var ready)) return ready;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(options.Value.GroupDeadline);
        try
        {
            return await answers.ReadAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
        catch (ChannelClosedException closed) when (closed.InnerException is TrainingException cause)
        {
            throw cause;
        }
    }

    private async Task PublishAsync(IReadOnlyList<SamplePromptGroup> commands, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(PublishDeadline);
        try
        {
            await Task.WhenAll(commands.Select(command => bus.Publish(command, deadline.Token)));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // A broker that is away must not fail the job: what did not leave goes unanswered, and is asked for again.
            LogUnsent(commands.Count);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "not all of {Count} prompt groups could be sent: is the message broker running?")]
    private partial void LogUnsent(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Missing} of {Total} prompt groups unanswered, first {First}; asking for them again")]
    private partial void LogMissing(int missing, int total, GroupId first);
}

/// <summary>Hands graded groups to the step that waits for them.</summary>
public sealed class PromptGroupGradedConsumer(RolloutExchange exchange) : IConsumer<PromptGroupGraded>
{
    public Task Consume(ConsumeContext<PromptGroupGraded> context)
    {
        exchange.Receive(context.Message);
        return Task.CompletedTask;
    }
}

/// <summary>Handing over is all this does; a whole step may be in flight.</summary>
public sealed class PromptGroupGradedConsumerDefinition : ConsumerDefinition<PromptGroupGradedConsumer>
{
    public PromptGroupGradedConsumerDefinition() => ConcurrentMessageLimit = 16;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<PromptGroupGradedConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = 64;
}
