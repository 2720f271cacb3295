using MassTransit;
using RftAspire.Contracts.Messages;

namespace RftAspire.Sampling;

/// <summary>Samples one prompt group. The same command always gives the same rollouts, so a redelivery is harmless.</summary>
public sealed class SamplePromptGroupConsumer(PromptGroupSampler sampler) : IConsumer<SamplePromptGroup>
{
    public async Task Consume(ConsumeContext<SamplePromptGroup> context)
    {
        var command = context.Message;
        var rollouts = await sampler.SampleAsync(command, context.CancellationToken);
        await context.Publish(
            new PromptGroupSampled
            {
                Id = command.Id,
                WeightsVersion = command.Weights.Version,
                PromptTokens = command.PromptTokens,
                Rollouts = rollouts,
            },
            context.CancellationToken);
    }

    /// <summary>A group in flight when the worker stops goes back to the queue at once: nobody decodes it here any more.</summary>
    public static void StopSoon(MassTransitHostOptions host) => host.ConsumerStopTimeout = TimeSpan.FromSeconds(1);
}

/// <summary>Enough groups at once to fill a batch, few enough that other workers get their share of a step.</summary>
public sealed class SamplePromptGroupConsumerDefinition : ConsumerDefinition<SamplePromptGroupConsumer>
{
    private const int Groups = 16;

    public SamplePromptGroupConsumerDefinition() => ConcurrentMessageLimit = Groups;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<SamplePromptGroupConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = Groups;
}
