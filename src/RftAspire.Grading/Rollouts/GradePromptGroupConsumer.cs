using MassTransit;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Messages;

namespace RftAspire.Grading.Rollouts;

/// <summary>
/// Grades the rollouts of one prompt group, all at once. A redelivery says the same again. A rollout on which the grader fails is
/// data; a job file that cannot be read is thrown, to be tried again. A group that takes long goes to the back of its queue while
/// the work on it goes on, since the broker gives up a consumer that holds a message for too long.
/// </summary>
public sealed class GradePromptGroupConsumer(GroupsAtWork groups, IOptions<GradingOptions> options) : IConsumer<PromptGroupSampled>
{
    public async Task Consume(ConsumeContext<PromptGroupSampled> context)
    {
        var group = context.Message;
        var work = groups.GradeAsync(group);
        await ((Task)work).WaitAsync(options.Value.HoldLimit, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        context.CancellationToken.ThrowIfCancellationRequested();
        if (!work.IsCompleted)
        {
            var queue = await context.GetSendEndpoint(context.ReceiveContext.InputAddress);
            await queue.Send(group, context.CancellationToken);
            return;
        }
        groups.Forget(group.Id);
        await context.Publish(await work, context.CancellationToken);
    }

    /// <summary>A group in flight when the worker stops goes back to the queue at once: nobody grades it here any more.</summary>
    public static void StopSoon(MassTransitHostOptions host) => host.ConsumerStopTimeout = TimeSpan.FromSeconds(1);
}

/// <summary>A group that waits for a grader elsewhere needs no core, so there are many at once; rules are done in no time.</summary>
public sealed class GradePromptGroupConsumerDefinition : ConsumerDefinition<GradePromptGroupConsumer>
{
    private const int Groups = 64;

    public GradePromptGroupConsumerDefinition() => ConcurrentMessageLimit = Groups;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<GradePromptGroupConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = Groups;
}
