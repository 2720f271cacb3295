using MassTransit;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Sampling;

/// <summary>Loads a new weights version while the trainer is still choosing prompts. Every worker hears of it.</summary>
public sealed partial class WeightsPublishedConsumer(PolicyCache policies, ILogger<WeightsPublishedConsumer> logger) : IConsumer<WeightsPublished>
{
    public async Task Consume(ConsumeContext<WeightsPublished> context)
    {
        try
        {
            await policies.PreloadAsync(context.Message.Weights);
        }
        catch (Exception fault) when (fault is CheckpointException or IOException)
        {
            // A worker that is late may find a version already gone. Whoever really needs the weights reports their absence.
            LogNotLoaded(context.Message.Weights.Version, fault.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "weights version {Version} was not loaded ahead: {Reason}")]
    private partial void LogNotLoaded(int version, string reason);

    /// <summary>A queue of its own for each worker, gone with it: old news has no use for a worker that was away.</summary>
    public static void OnEveryInstance(IEndpointRegistrationConfigurator endpoint)
    {
        endpoint.InstanceId = $"-{Guid.NewGuid():N}";
        endpoint.Temporary = true;
    }
}
