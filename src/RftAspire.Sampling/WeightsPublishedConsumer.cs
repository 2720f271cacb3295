using MassTransit;
using RftAspire.Contracts.Messages;

namespace RftAspire.Sampling;

/// <summary>Loads a new weights version while the trainer is still choosing prompts. Every worker hears of it.</summary>
public sealed class WeightsPublishedConsumer(PolicyCache policies) : IConsumer<WeightsPublished>
{
    public Task Consume(ConsumeContext<WeightsPublished> context)
    {
        policies.Preload(context.Message.Weights);
        return Task.CompletedTask;
    }

    /// <summary>A queue of its own for each worker, gone with it: old news has no use for a worker that was away.</summary>
    public static void OnEveryInstance(IEndpointRegistrationConfigurator endpoint)
    {
        endpoint.InstanceId = $"-{Guid.NewGuid():N}";
        endpoint.Temporary = true;
    }
}
