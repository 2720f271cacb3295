using MassTransit;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Messages;

namespace RftAspire.Sampling.Chat;

/// <summary>
/// Answers one prompt while others are decoded. The message is held until the last token has been told, so that a killed worker's
/// requests go to another; a longer one is let go at <see cref="SamplingOptions.HoldLimit"/>, since no message may be held for a
/// minute, and from then on it is the Jobs process that asks again if it hears nothing.
/// </summary>
internal sealed class CompletePromptConsumer(CompletionsAtWork completions, IOptions<SamplingOptions> options) : IConsumer<CompletePrompt>
{
    public async Task Consume(ConsumeContext<CompletePrompt> context)
    {
        var work = completions.CompleteAsync(context.Message);
        await work.WaitAsync(options.Value.HoldLimit, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        context.CancellationToken.ThrowIfCancellationRequested();
        if (work.IsCompleted) await work;
    }
}

/// <summary>A queue of its own, so that chats never stand behind the prompt groups of a job; enough at once to fill a batch.</summary>
internal sealed class CompletePromptConsumerDefinition : ConsumerDefinition<CompletePromptConsumer>
{
    private const int Requests = 64;

    public CompletePromptConsumerDefinition() => ConcurrentMessageLimit = Requests;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<CompletePromptConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = Requests;
}

/// <summary>Lets a request go that nobody waits for. Every worker hears of it, since any may have it.</summary>
internal sealed class CancelCompletionConsumer(CompletionsAtWork completions) : IConsumer<CancelCompletion>
{
    public Task Consume(ConsumeContext<CancelCompletion> context)
    {
        completions.Cancel(context.Message.RequestId);
        return Task.CompletedTask;
    }
}
