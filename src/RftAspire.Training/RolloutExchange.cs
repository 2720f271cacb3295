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
public sealed partial class RolloutExchange(IBus bus, GradingPauses pauses, IOptions<TrainingOptions> options, ILogger<RolloutExchange> logger)
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

    /// <summary>How long a job has waited for graders that were away, in all since this process began.</summary>
    public TimeSpan Paused(string jobId) => pauses.Total(jobId);

    /// <summary>The graded groups, in the order of the commands.</summary>
    /// <exception cref="TrainingException">A group was given up, none was answered within the step's deadline, or the grader was away for too long.</exception>
    public async Task<PromptGroupGraded[]> SampleAsync(IReadOnlyList<SamplePromptGroup> commands, CancellationToken cancellation)
    {
        var answers = Channel.CreateUnbounded<PromptGroupGraded>();
        foreach (var command in commands) _expected[command.Id] = answers.Writer;
        try
        {
            return await new RolloutCollection(commands, answers.Reader, PublishAsync, pauses, options.Value, logger).CollectAsync(cancellation);
        }
        finally
        {
            foreach (var command in commands) _expected.TryRemove(command.Id, out _);
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
